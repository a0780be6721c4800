// Tables as text: read whichever way a spreadsheet writes them, and written so that one opens them safely.

const SEPARATORS = [',', ';', '\t'];
const FORMULA = /^[=+\-@\t\r]/;

/** The separator that the header has most of. */
function separatorOf(text) {
  const head = text.slice(0, text.search(/\r|\n|$/));
  return SEPARATORS.reduce((best, one) => (head.split(one).length > head.split(best).length ? one : best));
}

/** Rows of cells. Quoted cells may hold separators, line ends and doubled quotes. */
function cellsOf(text, separator) {
  const rows = [];
  let row = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === separator || sign === '\n') {
      row.push(cell.replace(/\r$/, ''));
      cell = '';
      if (sign === '\n') rows.push(row);
      if (sign === '\n') row = [];
    } else cell += sign;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}

/** {header, rows: [{line, cells, values: {name: text}}]}; names without case and signs, empty lines left out. */
export function parseCsv(text) {
  const plain = text.replace(/^\uFEFF/, '');
  const [header = [], ...rest] = cellsOf(plain, separatorOf(plain));
  const names = header.map((name) => name.toLowerCase().replace(/[^a-z]/g, ''));
  const rows = rest
    .map((cells, at) => ({ line: at + 2, cells, values: Object.fromEntries(names.map((name, column) => [name, (cells[column] ?? '').trim()])) }))
    .filter((row) => row.cells.some((cell) => cell.trim() !== ''));
  return { header, names, rows };
}

function written(value) {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = FORMULA.test(text) && typeof value !== 'number' ? `'${text}` : text;
  return /[",;\r\n\t]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export const toCsv = (header, rows) => [header, ...rows].map((row) => row.map(written).join(',')).join('\r\n') + '\r\n';

/** Hands a text to the reader as a file. */
export function saveFile(name, text, type = 'text/csv') {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
