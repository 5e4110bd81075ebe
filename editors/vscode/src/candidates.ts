/** Which attnlint could be run, the first of them that works being the one that is. */

import * as paths from "node:path";

import type { Host } from "./host";

/** Where a candidate was found. What a setting names is the only candidate: nothing else is tried. */
export type Source = "path" | "interpreter" | "python-extension" | "workspace" | "PATH";

export interface Candidate {
  readonly source: Source;
  readonly command: string;
  /** What comes before attnlint's own arguments. */
  readonly args: readonly string[];
  /** The Python that attnlint would be installed for. */
  readonly interpreter?: string;
}

export interface Wanted {
  /** The settings `attnlint.path` and `attnlint.interpreter`, expanded; empty if not set. */
  readonly path: string;
  readonly interpreter: string;
  /** The interpreter that is selected in the Python extension. */
  readonly selected: string | undefined;
  readonly folders: readonly string[];
  /** Nothing that belongs to a workspace is run before the user trusts it. */
  readonly trusted: boolean;
}

export function candidates(wanted: Wanted, host: Host): Candidate[] {
  if (wanted.path !== "") {
    return [{ source: "path", command: wanted.path, args: [] }];
  }
  if (wanted.interpreter !== "") {
    return [ofInterpreter("interpreter", wanted.interpreter)];
  }
  const found: Candidate[] = [];
  if (wanted.trusted) {
    if (wanted.selected !== undefined) {
      found.push(ofInterpreter("python-extension", wanted.selected));
    }
    found.push(...inWorkspace(wanted.folders, host).map((python) => ofInterpreter("workspace", python)));
  }
  const program = onPath(["attnlint"], host);
  if (program !== undefined) {
    found.push({ source: "PATH", command: program, args: [] });
  }
  const python = onPath(["python3", "python"], host);
  if (python !== undefined) {
    found.push(ofInterpreter("PATH", python));
  }
  return found.filter((one, index) => found.findIndex((other) => other.command === one.command) === index);
}

/** The candidate as a person would type it. */
export function spelled(candidate: Candidate): string {
  return [candidate.command, ...candidate.args].join(" ");
}

function ofInterpreter(source: Source, interpreter: string): Candidate {
  return { source, command: interpreter, args: ["-m", "attnlint"], interpreter };
}

function inWorkspace(folders: readonly string[], host: Host): string[] {
  const path = pathsOf(host);
  const inside = host.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  return folders
    .flatMap((folder) => [".venv", "venv"].map((environment) => path.join(folder, environment, ...inside)))
    .filter((python) => host.isFile(python));
}

function onPath(names: readonly string[], host: Host): string | undefined {
  const path = pathsOf(host);
  const value = host.env["PATH"] ?? host.env["Path"] ?? "";
  const folders = value.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const extension = host.platform === "win32" ? ".exe" : "";
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name + extension)))
    .find((program) => host.isFile(program));
}

function pathsOf(host: Host): paths.PlatformPath {
  return host.platform === "win32" ? paths.win32 : paths.posix;
}
