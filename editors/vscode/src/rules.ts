/** Rules and their pages, as the attnlint that runs the server explains them. */

import type { Candidate } from "./candidates";
import { lastLine } from "./find";
import type { Run } from "./host";

export interface Rule {
  readonly code: string;
  readonly name: string;
  readonly summary: string;
}

/** What attnlint had to say instead of an answer. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

/** The page of a rule, in Markdown. */
export async function page(code: string, candidate: Candidate, run: Run): Promise<string> {
  return answer(["rule", code, "--output-format", "markdown"], candidate, run);
}

export async function rules(candidate: Candidate, run: Run): Promise<Rule[]> {
  const listed: unknown = JSON.parse(await answer(["rules", "--output-format", "json"], candidate, run));
  return Array.isArray(listed) ? listed.filter(isRule) : [];
}

async function answer(args: readonly string[], { command, args: before }: Candidate, run: Run): Promise<string> {
  const { status, stdout, stderr } = await run(command, [...before, ...args]);
  if (status !== 0) {
    throw new Unanswered(lastLine(stderr) || `attnlint ${args.join(" ")}: exit status ${String(status)}`);
  }
  return stdout;
}

function isRule(value: unknown): value is Rule {
  return (
    typeof value === "object" &&
    value !== null &&
    ["code", "name", "summary"].every((key) => typeof (value as Record<string, unknown>)[key] === "string")
  );
}

/** The code of a finding: VS Code keeps it by itself, or with the address of its page. */
export function codeOf(code: unknown): string | undefined {
  const value = typeof code === "object" && code !== null && "value" in code ? code.value : code;
  return typeof value === "string" ? value : undefined;
}
