/** The language client: what it sends to the server, and how the process of the server is started. */

import { type ChildProcess, spawn } from "node:child_process";

import { commands, type LogOutputChannel, Uri, workspace } from "vscode";
import {
  type ConfigurationParams,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import type { Candidate } from "./candidates";
import { environment, type Host } from "./host";
import { COMMAND as EXPLAIN } from "./explain";
import type { Filter } from "./selector";
import { forServer, type Settings } from "./settings";

export const ID = "attnlint";

export interface ClientOptions {
  readonly candidate: Candidate;
  readonly selector: readonly Filter[];
  readonly output: LogOutputChannel;
  readonly host: Host;
  /** The current folder of the server: one from which importing is harmless. */
  readonly folder: string;
  readonly errorHandler: ErrorHandler;
  /** Hears what the process writes to standard error. */
  readonly heard: (text: string) => void;
}

/** A client that writes what goes wrong into the output: what the user is shown is the extension's own matter. */
export class Client extends LanguageClient {
  constructor(options: ClientOptions) {
    super(ID, ID, () => Promise.resolve(started(options)), clientOptions(options));
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** The settings of a file or folder, for the server. */
export function settingsOf(uri: Uri | undefined, host: Host): Settings {
  const section: unknown = JSON.parse(JSON.stringify(workspace.getConfiguration(ID, uri ?? null)));
  return forServer(section as Settings, folderOf(uri), host);
}

/** The folder of the workspace that a file lies in; for no file, the first. */
export function folderOf(uri: Uri | undefined): string | undefined {
  const folder = uri === undefined ? workspace.workspaceFolders?.[0] : workspace.getWorkspaceFolder(uri);
  return folder?.uri.fsPath;
}

function started({ candidate, folder, heard }: ClientOptions): ChildProcess {
  const server = spawn(candidate.command, [...candidate.args, "server"], { cwd: folder, env: environment() });
  server.stderr.setEncoding("utf-8").on("data", heard);
  return server;
}

function clientOptions({ selector, output, host, errorHandler }: ClientOptions): LanguageClientOptions {
  return {
    documentSelector: [...selector],
    outputChannel: output,
    errorHandler,
    initializationOptions: { settings: settingsOf(undefined, host) },
    initializationFailedHandler: () => false,
    // What is wanted of saved documents alone changes when they are saved.
    diagnosticPullOptions: { onChange: true, onSave: true },
    middleware: {
      // The server would open the page on the web: here it is that of the attnlint which runs.
      executeCommand: (command, args: unknown[], next) =>
        command === "attnlint.explain" ? commands.executeCommand(EXPLAIN, ...args) : (next(command, args) as unknown),
      workspace: {
        configuration: ({ items }: ConfigurationParams) =>
          items.map(({ section, scopeUri }) =>
            section === ID ? settingsOf(scopeUri === undefined ? undefined : Uri.parse(scopeUri), host) : null,
          ),
      },
    },
  };
}
