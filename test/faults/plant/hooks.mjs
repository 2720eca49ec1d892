// A loader hook (it runs on Node's loader thread): edits the text of the files that the tables name.
import { applyEdits } from './edits.mjs';

const ROOT = new URL('../../../', import.meta.url).href;
const editsByUrl = new Map();

export function initialize({ edits }) {
  for (const edit of edits) {
    const url = ROOT + edit.file;
    editsByUrl.set(url, [...(editsByUrl.get(url) ?? []), edit]);
  }
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  const edits = editsByUrl.get(url);
  return edits === undefined ? loaded : { ...loaded, source: applyEdits(String(loaded.source), edits) };
}
