/** So many rows a statement, and of SQLite's 32,766 parameters: few texts, each of them prepared once. */
const ROWS_PER_STATEMENT = [100, 10, 1];

/** Where each statement over many rows begins, and of how many rows it is. */
export function* cutIntoStatements(rows: number): Generator<[start: number, size: number]> {
  let start = 0;
  for (const size of ROWS_PER_STATEMENT) for (; rows - start >= size; start += size) yield [start, size];
}
