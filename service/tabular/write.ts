// Writes CSV after RFC 4180: a cell is quoted where it must be, a quote in it is written twice.

/** One record, its line break (LF) included. */
export function writeCsvLine(cells: readonly string[], delimiter = ','): string {
  // A line of one empty cell would be an empty line, which readers skip.
  if (cells.length === 1 && cells[0] === '') return '""\n';
  return `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\n`;
}

function quoted(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
