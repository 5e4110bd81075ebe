/** VS Code in a browser, with nothing in it but the packaged extension. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ENTRY = "node_modules/code-server/out/node/entry.js";
const QUIET = {
  "chat.commandCenter.enabled": false,
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "window.menuBarVisibility": "compact",
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.enableExperiments": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export type Files = Readonly<Record<string, string>>;

export class CodeServer {
  readonly #address: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(address: string, folder: string, process: ChildProcess) {
    this.#address = address;
    this.#folder = folder;
    this.#process = process;
  }

  /** The address of the window in which a folder of the files is opened, or a workspace file. */
  url(opened: string): string {
    const kind = opened.endsWith(".code-workspace") ? "workspace" : "folder";
    return `http://${this.#address}/?${kind}=${this.path(opened)}`;
  }

  path(name: string): string {
    return join(this.#folder, "work", name);
  }

  write(name: string, text: string): void {
    write(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf-8");
  }

  static async start(files: Files, settings: Readonly<Record<string, unknown>>): Promise<CodeServer> {
    const folder = mkdtempSync(join(tmpdir(), "attnlint-vscode-"));
    for (const [name, text] of Object.entries(files)) {
      write(join(folder, "work", name), text);
    }
    write(join(folder, "config.yaml"), "");
    write(join(folder, "data/User/settings.json"), JSON.stringify(QUIET));
    // The paths of programs are settings of a machine: those of the user do not count on another one.
    write(join(folder, "data/Machine/settings.json"), JSON.stringify(settings));
    const port = await freePort();
    const common = [join(needed("ATTNLINT_EDITORS"), ENTRY), "--config", join(folder, "config.yaml")];
    common.push("--user-data-dir", join(folder, "data"), "--extensions-dir", join(folder, "extensions"));
    execFileSync(process.execPath, [...common, "--install-extension", resolve("attnlint.vsix")]);
    const address = `127.0.0.1:${String(port)}`;
    const offline = ["--auth", "none", "--disable-telemetry", "--disable-update-check"];
    const child = spawn(process.execPath, [...common, ...offline, "--bind-addr", address], { stdio: "ignore" });
    await answers(`http://${address}/healthz`);
    return new CodeServer(address, folder, child);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((done) => this.#process.once("exit", done));
      this.#process.kill();
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** A variable of the environment without which there is nothing to test with. */
export function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set: .ci/editors sets it and runs these tests`);
  }
  return value;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        found(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) {
      return;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`code-server does not answer at ${url}`);
}
