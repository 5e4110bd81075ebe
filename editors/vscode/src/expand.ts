/** Paths in settings: `~`, `${workspaceFolder}`, `${userHome}` and `${env:NAME}`. */

import type { Host } from "./host";

export function expanded(text: string, folder: string | undefined, host: Host): string {
  return text
    .trim()
    .replace(/^~(?=$|[/\\])/, () => host.home)
    .replace(/\$\{(workspaceFolder|userHome|env:([^}]+))\}/g, (whole, name: string, variable: string | undefined) => {
      if (variable !== undefined) {
        return host.env[variable] ?? "";
      }
      return name === "userHome" ? host.home : (folder ?? whole);
    });
}
