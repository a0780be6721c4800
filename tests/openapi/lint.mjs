// Holds an OpenAPI document against Redocly's rules, warnings included: node lint.mjs DOCUMENT
import { createConfig, formatProblems, getTotals, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended-strict"] });
const problems = await lint({ ref: process.argv[2], config });
formatProblems(problems, { format: "stylish", totals: getTotals(problems) });
console.log(problems.length === 0 ? "The document holds." : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
