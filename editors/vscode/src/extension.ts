/** Finds attention bugs in PyTorch code while it is written: the server of attnlint, its commands and its status. */

import {
  commands,
  type Disposable,
  env,
  type ExtensionContext,
  type LogOutputChannel,
  Uri,
  window,
  workspace,
} from "vscode";

import { spelled } from "./candidates";
import { ID } from "./client";
import { COMMAND as EXPLAIN, explain, type Attnlint, Pages, SCHEME } from "./explain";
import { localHost, runner } from "./host";
import { install } from "./install";
import { type Action, type Message, message, type Problem } from "./messages";
import { onInterpreterChange } from "./python";
import { selector } from "./selector";
import { Server } from "./server";
import { RESTARTING } from "./settings";
import { Status } from "./status";

const DOCUMENTATION = Uri.parse("https://github.com/attnlint/attnlint/blob/main/docs/vscode.md");

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const output = window.createOutputChannel(ID, { log: true });
  const status = new Status(selector(true));
  const folder = context.extensionPath;
  const run = runner(folder);
  const complain = (problem: Problem): void => {
    const told = message(problem);
    output.error(told.text);
    status.failed(told.text);
    void show(told, running, output);
  };
  const running = new Server({ host: localHost(), run, folder, output, status, complain });
  server = running;
  const attnlint: Attnlint = { candidate: async () => (await running.found())?.candidate, run };

  context.subscriptions.push(
    output,
    status,
    ...registered(running, output, attnlint),
    ...watched(running),
    workspace.registerTextDocumentContentProvider(SCHEME, new Pages(attnlint)),
  );
  const watch = await onInterpreterChange(() => void running.reconsider());
  if (watch !== undefined) {
    context.subscriptions.push(watch);
  }
  await running.startIfNeeded();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function registered(running: Server, output: LogOutputChannel, attnlint: Attnlint): Disposable[] {
  return [
    commands.registerCommand(EXPLAIN, (code: unknown) => explain(code, attnlint)),
    commands.registerCommand("attnlint.fixAll", () =>
      commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.attnlint", apply: "first" }),
    ),
    commands.registerCommand("attnlint.restart", () => running.restart()),
    commands.registerCommand("attnlint.showOutput", () => {
      output.show();
    }),
    commands.registerCommand("attnlint.showVersion", () => showVersion(running)),
  ];
}

function watched(running: Server): Disposable[] {
  return [
    workspace.onDidOpenTextDocument(() => void running.startIfNeeded()),
    workspace.onDidGrantWorkspaceTrust(() => void running.reconsider()),
    workspace.onDidChangeWorkspaceFolders(() => void running.reconsider()),
    workspace.onDidChangeConfiguration((change) => {
      if (RESTARTING.some((setting) => change.affectsConfiguration(setting))) {
        void running.restartIfNeeded();
      }
    }),
  ];
}

async function showVersion(running: Server): Promise<void> {
  const found = await running.found();
  if (found !== undefined) {
    void window.showInformationMessage(`attnlint ${found.version}: ${spelled(found.candidate)}`);
  }
}

async function show({ text, actions, interpreter }: Message, running: Server, output: LogOutputChannel): Promise<void> {
  const done: Record<Action, () => unknown> = {
    Install: async () => interpreter !== undefined && (await install(interpreter)) && running.restart(),
    "Open Documentation": () => env.openExternal(DOCUMENTATION),
    "Open Settings": () => commands.executeCommand("workbench.action.openSettings", "attnlint"),
    "Show Output": () => {
      output.show();
    },
  };
  const action = await window.showErrorMessage(text, ...actions);
  if (action !== undefined) {
    await done[action]();
  }
}
