/** Pages of rules, shown as documents that cannot be edited, and the ways to them. */

import { commands, languages, type QuickPickItem, type TextDocumentContentProvider, Uri, window } from "vscode";

import type { Candidate } from "./candidates";
import type { Run } from "./host";
import { codeOf, page, rules } from "./rules";

export const SCHEME = "attnlint-rule";
export const COMMAND = "attnlint.explainRule";

/** Runs the attnlint that the server is of, once there is one. */
export interface Attnlint {
  readonly candidate: () => Promise<Candidate | undefined>;
  readonly run: Run;
}

/** `attnlint-rule:/ATN101.md` is the page of ATN101. */
export class Pages implements TextDocumentContentProvider {
  readonly #attnlint: Attnlint;

  constructor(attnlint: Attnlint) {
    this.#attnlint = attnlint;
  }

  async provideTextDocumentContent(uri: Uri): Promise<string | undefined> {
    const candidate = await this.#attnlint.candidate();
    return candidate && page(uri.path.replace(/^\/|\.md$/g, ""), candidate, this.#attnlint.run);
  }
}

/** Shows the page of a rule: of the one that is given, else of the only one at the cursor, else of one that is picked. */
export async function explain(given: unknown, attnlint: Attnlint): Promise<void> {
  const code = typeof given === "string" ? given : await chosen(attnlint);
  if (code !== undefined) {
    await commands.executeCommand("markdown.showPreview", Uri.from({ scheme: SCHEME, path: `/${code}.md` }));
  }
}

async function chosen(attnlint: Attnlint): Promise<string | undefined> {
  const here = codesAtCursor();
  return here.length === 1 ? here[0] : picked(here, attnlint);
}

async function picked(first: readonly string[], { candidate, run }: Attnlint): Promise<string | undefined> {
  const found = await candidate();
  if (found === undefined) {
    return undefined;
  }
  const items = rules(found, run).then((all) => {
    const sorted = [
      ...all.filter(({ code }) => first.includes(code)),
      ...all.filter(({ code }) => !first.includes(code)),
    ];
    return sorted.map(({ code, name, summary }): QuickPickItem => ({
      label: code,
      description: name,
      detail: summary,
    }));
  });
  const options = { placeHolder: "A rule", matchOnDescription: true, matchOnDetail: true };
  return (await window.showQuickPick(items, options))?.label;
}

function codesAtCursor(): string[] {
  const editor = window.activeTextEditor;
  if (editor === undefined) {
    return [];
  }
  const diagnostics = languages.getDiagnostics(editor.document.uri);
  const here = diagnostics.filter(
    ({ source, range }) => source === "attnlint" && range.intersection(editor.selection) !== undefined,
  );
  return unique(here.map(({ code }) => codeOf(code)));
}

function unique(codes: readonly (string | undefined)[]): string[] {
  return [...new Set(codes.filter((code) => code !== undefined))];
}
