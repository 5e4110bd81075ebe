/** Which documents are checked: Python, in files and in the cells of notebooks, and prose with Python in it if wanted. */

const SCHEMES = ["file", "untitled"] as const;
const CELLS = "vscode-notebook-cell";
const PROSE = ["markdown", "quarto", "restructuredtext", "rmd"] as const;

/** A filter that VS Code and the protocol both understand. */
export interface Filter {
  readonly scheme: string;
  readonly language: string;
}

export function selector(withProse: boolean): Filter[] {
  const texts = withProse ? ["python", ...PROSE] : ["python"];
  return [
    ...SCHEMES.flatMap((scheme) => texts.map((language) => ({ scheme, language }))),
    { scheme: CELLS, language: "python" },
  ];
}

export function isSelected(filters: readonly Filter[], scheme: string, language: string): boolean {
  return filters.some((filter) => filter.scheme === scheme && filter.language === language);
}
