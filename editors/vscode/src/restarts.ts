/** What happens when the server ends by itself: it is started again, unless it never ran or ends again and again. */

import { CloseAction, type CloseHandlerResult, ErrorAction, type ErrorHandler } from "vscode-languageclient/node";

const MOST = 4;
const WITHIN = 3 * 60_000;

export class Restarts implements ErrorHandler {
  /** Set once the server has answered for the first time. */
  ran = false;
  #ends: number[] = [];
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  error(_error: Error, _message: unknown, count: number | undefined): { action: ErrorAction } {
    return { action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown };
  }

  closed(): CloseHandlerResult {
    const now = this.#now();
    this.#ends = [...this.#ends.filter((end) => now - end < WITHIN), now];
    const again = this.ran && this.#ends.length <= MOST;
    return { action: again ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }
}
