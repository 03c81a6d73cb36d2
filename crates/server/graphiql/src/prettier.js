// Stands in for `prettier/standalone`. GraphQL goes to Prettier, which keeps comments; JSON with
// comments goes to the small formatter GraphiQL's own parser comes with, which spares the binary
// Prettier's JavaScript parser and printer (half a megabyte).
import { applyEdits, format as edits } from "jsonc-parser";
import * as prettier from "prettier-standalone";

const STYLE = { insertSpaces: true, tabSize: 2, eol: "\n" };

export async function format(text, options) {
  return options.parser === "jsonc" ? applyEdits(text, edits(text, undefined, STYLE)) : prettier.format(text, options);
}
