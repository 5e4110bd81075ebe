/** What the settings say, as the search and the server want it. */

import { isAbsolute, join } from "node:path";

import { expanded } from "./expand";
import type { Host } from "./host";

/** The settings of one file or folder, as VS Code hands them over: those that are not set have their defaults. */
export type Settings = Readonly<Record<string, unknown>>;

/** Settings of the extension, which the server has no use for. */
const OWN: ReadonlySet<string> = new Set(["path", "interpreter", "prose", "trace"]);

/** Settings that, once changed, mean another server. */
export const RESTARTING = ["attnlint.enable", "attnlint.path", "attnlint.interpreter", "attnlint.prose"] as const;

/** What the server is told: its own settings alone, and a configuration file by its full path. */
export function forServer(settings: Settings, folder: string | undefined, host: Host): Settings {
  const told = Object.entries(settings).filter(([name]) => !OWN.has(name));
  return Object.fromEntries(
    told.map(([name, value]) => [name, name === "configuration" ? configuration(value, folder, host) : value]),
  );
}

/** A path that a setting names, empty if it is not set. */
export function pathSetting(value: unknown, folder: string | undefined, host: Host): string {
  return typeof value === "string" ? expanded(value, folder, host) : "";
}

function configuration(value: unknown, folder: string | undefined, host: Host): string | null {
  const path = pathSetting(value, folder, host);
  if (path === "") {
    return null;
  }
  return folder === undefined || isAbsolute(path) ? path : join(folder, path);
}
