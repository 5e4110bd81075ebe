/** The entry in the language status of Python files: whether attnlint runs, which, and how to get at its output. */

import { type Disposable, languages, LanguageStatusSeverity } from "vscode";

import { type Candidate, spelled } from "./candidates";
import type { Filter } from "./selector";

export class Status implements Disposable {
  readonly #item;

  constructor(selector: readonly Filter[]) {
    this.#item = languages.createLanguageStatusItem("attnlint.status", [...selector]);
    this.#item.name = "attnlint";
    this.#item.command = { command: "attnlint.showOutput", title: "Show Output" };
    this.waiting();
  }

  waiting(): void {
    this.#show("attnlint", "has not been needed yet");
  }

  starting(): void {
    this.#show("attnlint", "is starting");
    this.#item.busy = true;
  }

  running(version: string, candidate: Candidate): void {
    this.#show(`attnlint ${version}`, spelled(candidate));
  }

  disabled(): void {
    this.#show("attnlint", "is switched off (attnlint.enable)");
  }

  failed(reason: string): void {
    this.#show("attnlint is not running", reason);
    this.#item.severity = LanguageStatusSeverity.Error;
    this.#item.command = { command: "attnlint.restart", title: "Try Again" };
  }

  dispose(): void {
    this.#item.dispose();
  }

  #show(text: string, detail: string): void {
    this.#item.text = text;
    this.#item.detail = detail;
    this.#item.busy = false;
    this.#item.severity = LanguageStatusSeverity.Information;
    this.#item.command = { command: "attnlint.showOutput", title: "Show Output" };
  }
}
