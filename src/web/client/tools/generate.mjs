// Makes what the client knows of the interface out of its OpenAPI document: the types (api.d.ts), and which
// operations take an Idempotency-Key (idempotent.js).
//
//   lockstepctl openapi | node tools/generate.mjs [--check]
//
// --check writes nothing, and ends with 1 where the files are not what would be written.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

async function readStandardInput() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function idempotent(document) {
  const names = [];
  for (const [path, operations] of Object.entries(document.paths))
    for (const method of METHODS)
      if (operations[method]?.parameters?.some((parameter) => parameter.name === 'Idempotency-Key'))
        names.push(`${method.toUpperCase()} ${path}`);
  const lines = names.sort().map((name) => `  '${name}',\n`);
  return (
    '// Made by tools/generate.mjs. The operations that take an Idempotency-Key: sent again, they count once.\n' +
    `export const IDEMPOTENT = new Set([\n${lines.join('')}]);\n`
  );
}

async function types(document) {
  const head = '// Made by tools/generate.mjs out of /api/openapi.json.\n';
  return head + astToString(await openapiTS(document, { alphabetize: true }));
}

const document = JSON.parse(await readStandardInput());
const files = { 'api.d.ts': await types(document), 'idempotent.js': idempotent(document) };
const stale = [];
for (const [name, text] of Object.entries(files)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  if (process.argv.includes('--check')) {
    if ((await readFile(path, 'utf8').catch(() => '')) !== text) stale.push(name);
  } else await writeFile(path, text);
}
if (stale.length > 0) {
  console.error(`Not what the interface says: ${stale.join(', ')}. lockstepctl openapi | node tools/generate.mjs`);
  process.exitCode = 1;
}
