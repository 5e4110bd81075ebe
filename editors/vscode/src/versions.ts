/** Releases of attnlint: Python's version numbers, compared by their release alone (`0.2.0rc1` is a 0.2.0). */

import coerce from "semver/functions/coerce";
import lessThan from "semver/functions/lt";

/** The first release that has a language server. */
export const OLDEST = "0.1.0";

/** The version in the output of `attnlint --version`. */
export function versionIn(output: string): string | undefined {
  return /^attnlint, version (\S+)\s*$/m.exec(output)?.[1];
}

export function isTooOld(version: string, oldest: string = OLDEST): boolean {
  const release = coerce(version);
  const needed = coerce(oldest);
  return release === null || needed === null || lessThan(release, needed);
}
