/** The server of the window: found, started and stopped, one step after the other. */

import { type LogOutputChannel, workspace } from "vscode";
import { State } from "vscode-languageclient/node";

import { candidates, type Wanted } from "./candidates";
import { Client, folderOf, ID } from "./client";
import { type Found, isSame, lastLine, type Search, search } from "./find";
import type { Host, Run } from "./host";
import type { Problem } from "./messages";
import { selectedInterpreter } from "./python";
import { Restarts } from "./restarts";
import { isSelected, selector } from "./selector";
import { pathSetting } from "./settings";
import type { Status } from "./status";

export interface Surroundings {
  readonly host: Host;
  readonly run: Run;
  /** The current folder of all that is run. */
  readonly folder: string;
  readonly output: LogOutputChannel;
  readonly status: Status;
  /** Hears why there is no server. */
  readonly complain: (problem: Problem) => void;
}

export class Server {
  readonly #around: Surroundings;
  #client: Client | undefined;
  #found: Found | undefined;
  #needed = false;
  #steps: Promise<void> = Promise.resolve();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** The attnlint that runs or would run, once what is under way is done. */
  async found(): Promise<Found | undefined> {
    await this.#next(async () => {
      this.#found ??= this.#orComplain(await this.#search());
    });
    return this.#found;
  }

  /** Starts the server when the first document is open that it is for. */
  async startIfNeeded(): Promise<void> {
    const filters = selectorNow();
    const isNeeded = workspace.textDocuments.some(({ uri, languageId }) => isSelected(filters, uri.scheme, languageId));
    if (!this.#needed && isNeeded) {
      await this.restart();
    }
  }

  /** Looks for attnlint anew, where it was needed before. */
  async restartIfNeeded(): Promise<void> {
    await (this.#needed ? this.restart() : this.startIfNeeded());
  }

  /** Looks for attnlint anew, and starts another server if another one is found. */
  async reconsider(): Promise<void> {
    await this.#next(async () => {
      if (this.#needed && !(this.#client !== undefined && isSame(this.#found, await this.#search()))) {
        await this.#stop();
        await this.#start();
      }
    });
  }

  async restart(): Promise<void> {
    this.#needed = true;
    await this.#next(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  async stop(): Promise<void> {
    await this.#next(() => this.#stop());
  }

  #next(step: () => Promise<void>): Promise<void> {
    this.#steps = this.#steps.then(step).catch((error: unknown) => {
      this.#around.output.error(error instanceof Error ? error : String(error));
      this.#around.status.failed(String(error));
    });
    return this.#steps;
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#found = undefined;
    await client?.dispose();
  }

  async #start(): Promise<void> {
    const { status } = this.#around;
    if (!isEnabled()) {
      status.disabled();
      return;
    }
    status.starting();
    this.#found = this.#orComplain(await this.#search());
    if (this.#found !== undefined) {
      await this.#connect(this.#found);
    }
  }

  async #search(): Promise<Search> {
    const { run, host, output } = this.#around;
    return search(candidates(await wanted(host), host), run, (line) => {
      output.info(line);
    });
  }

  #orComplain(result: Search): Found | undefined {
    if ("found" in result) {
      return result.found;
    }
    this.#fail({ kind: "not-found", notFound: result.notFound });
    return undefined;
  }

  async #connect(found: Found): Promise<void> {
    const { host, folder, output, status } = this.#around;
    let said = "";
    const heard = (text: string): void => {
      said = (said + text).slice(-10_000);
      output.warn(text.trimEnd());
    };
    const errorHandler = new Restarts();
    const { candidate, version } = found;
    const client = new Client({ candidate, selector: selectorNow(), output, host, folder, errorHandler, heard });
    try {
      await client.start();
    } catch (error) {
      this.#fail({ kind: "not-started", found, said, detail: lastLine(said) || String(error) });
      return;
    }
    errorHandler.ran = true;
    this.#client = client;
    status.running(version, candidate);
    client.onDidChangeState(({ newState }) => {
      if (client === this.#client) {
        this.#changed(found, newState, lastLine(said));
      }
    });
  }

  #changed(found: Found, state: State, detail: string): void {
    const { status } = this.#around;
    switch (state) {
      case State.Running:
        status.running(found.version, found.candidate);
        break;
      case State.Starting:
        status.starting();
        break;
      case State.StartFailed:
      case State.Stopped:
        this.#fail({ kind: "crashed", found, detail });
        break;
    }
  }

  #fail(problem: Problem): void {
    this.#around.complain(problem);
  }
}

/** Which documents are checked, as the settings are now. */
function selectorNow(): ReturnType<typeof selector> {
  return selector(workspace.getConfiguration(ID).get<boolean>("prose", false));
}

function isEnabled(): boolean {
  const folders = workspace.workspaceFolders ?? [];
  const scopes = folders.length > 0 ? folders : [null];
  return scopes.some((folder) => workspace.getConfiguration(ID, folder).get<boolean>("enable", true));
}

async function wanted(host: Host): Promise<Wanted> {
  const resource = workspace.workspaceFolders?.[0]?.uri;
  const settings = workspace.getConfiguration(ID, resource);
  const folder = folderOf(resource);
  return {
    path: pathSetting(settings.get("path"), folder, host),
    interpreter: pathSetting(settings.get("interpreter"), folder, host),
    selected: await selectedInterpreter(resource),
    folders: (workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
    trusted: workspace.isTrusted,
  };
}
