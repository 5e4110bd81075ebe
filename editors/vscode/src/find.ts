/** Finds the attnlint to run: asks the candidates in turn, and keeps why those before it would not do. */

import { type Candidate, spelled } from "./candidates";
import type { Outcome, Run } from "./host";
import { isTooOld, versionIn } from "./versions";

/** What a candidate is worth. */
export type Verdict =
  | { readonly kind: "works"; readonly version: string }
  | { readonly kind: "too-old"; readonly version: string }
  | { readonly kind: "missing" }
  | { readonly kind: "broken"; readonly detail: string };

export interface Tried {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

export interface Found {
  readonly candidate: Candidate;
  readonly version: string;
}

export interface NotFound {
  /** The candidate that came nearest to working, if there was any. */
  readonly nearest: Tried | undefined;
  /** The Python to install attnlint for, if there is any. */
  readonly interpreter: string | undefined;
}

export type Search = { readonly found: Found } | { readonly notFound: NotFound };

export async function search(
  candidates: readonly Candidate[],
  run: Run,
  log: (line: string) => void = () => undefined,
): Promise<Search> {
  const tried: Tried[] = [];
  for (const candidate of candidates) {
    const verdict = await judged(candidate, run);
    log(`${spelled(candidate)} (${candidate.source}): ${described(verdict)}`);
    if (verdict.kind === "works") {
      return { found: { candidate, version: verdict.version } };
    }
    tried.push({ candidate, verdict });
  }
  return { notFound: { nearest: nearest(tried), interpreter: interpreterFor(tried) } };
}

/** Whether a search came to what was found before. */
export function isSame(before: Found | undefined, now: Search): boolean {
  return (
    before !== undefined &&
    "found" in now &&
    spelled(before.candidate) === spelled(now.found.candidate) &&
    before.version === now.found.version
  );
}

async function judged(candidate: Candidate, run: Run): Promise<Verdict> {
  const asked = await run(candidate.command, [...candidate.args, "--version"]);
  const version = versionIn(asked.stdout);
  if (asked.status !== 0 || version === undefined) {
    return failed(asked);
  }
  if (isTooOld(version)) {
    return { kind: "too-old", version };
  }
  return { kind: "works", version };
}

function failed({ status, stdout, stderr }: Outcome): Verdict {
  if (status === 0) {
    return { kind: "broken", detail: `\`--version\` prints ${JSON.stringify(firstLine(stdout))}` };
  }
  if (/No module named '?attnlint'?\s*$/m.test(stderr) || /\bENOENT\b/.test(stderr)) {
    return { kind: "missing" };
  }
  return { kind: "broken", detail: lastLine(stderr) || `exit status ${String(status)}` };
}

function described(verdict: Verdict): string {
  switch (verdict.kind) {
    case "works":
      return verdict.version;
    case "too-old":
      return `${verdict.version}, too old`;
    case "missing":
      return "not there";
    case "broken":
      return verdict.detail;
  }
}

/** Of what does not work, what needs least to work. */
function nearest(tried: readonly Tried[]): Tried | undefined {
  const order: readonly Verdict["kind"][] = ["too-old", "broken", "missing"];
  return order
    .map((kind) => tried.find(({ verdict }) => verdict.kind === kind))
    .find((one): one is Tried => one !== undefined);
}

/** The Python of the nearest candidate, else the first that runs. */
function interpreterFor(tried: readonly Tried[]): string | undefined {
  return [nearest(tried), ...tried].find((one) => one?.candidate.interpreter !== undefined)?.candidate.interpreter;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]?.trim() ?? "";
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
