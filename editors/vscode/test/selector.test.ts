import { expect, test } from "vitest";

import { isSelected, selector } from "../src/selector";

test.each([
  ["file", "python", true, true],
  ["untitled", "python", true, true],
  ["vscode-notebook-cell", "python", true, true],
  ["vscode-notebook-cell", "markdown", false, false],
  ["file", "markdown", false, true],
  ["file", "restructuredtext", false, true],
  ["git", "python", false, false],
  ["file", "rust", false, false],
])("%s, %s: checked is %s, with prose %s", (scheme, language, usually, withProse) => {
  expect([false, true].map((prose) => isSelected(selector(prose), scheme, language))).toEqual([usually, withProse]);
});
