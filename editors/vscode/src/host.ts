/** What the search for attnlint needs to know of the machine. */

import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { homedir } from "node:os";

export interface Host {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly isFile: (path: string) => boolean;
}

/** How a program that was run to its end did: `status` is undefined if it could not be started or was killed. */
export interface Outcome {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (command: string, args: readonly string[]) => Promise<Outcome>;

export function localHost(): Host {
  return { platform: process.platform, env: process.env, home: homedir(), isFile };
}

/**
 * Programs run in a folder of the extension's own: `python -m` and `python -c` import from the current folder, and
 * what lies in a workspace must not be imported.
 */
export function runner(folder: string, timeout = 30_000): Run {
  return (command, args) =>
    new Promise((resolve) => {
      const options = { cwd: folder, timeout, maxBuffer: 16 * 2 ** 20, env: environment() };
      execFile(command, [...args], options, (error, stdout, stderr) => {
        if (error === null) {
          resolve({ status: 0, stdout, stderr });
        } else if (typeof error.code === "number") {
          resolve({ status: error.code, stdout, stderr });
        } else {
          resolve({ status: undefined, stdout, stderr: error.message });
        }
      });
    });
}

/** The environment of the programs that the extension runs: Python writes UTF-8 whatever the system prefers. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONIOENCODING: "utf-8" };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
