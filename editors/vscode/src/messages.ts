/** What the user is told when there is no server, and what can be done about it with one click. */

import type { Candidate } from "./candidates";
import type { Found, NotFound, Tried } from "./find";
import { OLDEST } from "./versions";

export const REQUIREMENT = "attnlint[server]";
const INSTALL = `pip install '${REQUIREMENT}'`;
const UPGRADE = `pip install --upgrade '${REQUIREMENT}'`;

/** Why there is no server. */
export type Problem =
  | { readonly kind: "not-found"; readonly notFound: NotFound }
  /** `said` is what it wrote to standard error. */
  | { readonly kind: "not-started"; readonly found: Found; readonly said: string; readonly detail: string }
  | { readonly kind: "crashed"; readonly found: Found; readonly detail: string };

export type Action = "Install" | "Open Documentation" | "Open Settings" | "Show Output";

export interface Message {
  readonly text: string;
  readonly actions: readonly Action[];
  /** The Python that `Install` installs for. */
  readonly interpreter?: string;
}

export function message(problem: Problem): Message {
  switch (problem.kind) {
    case "not-found":
      return notFoundMessage(problem.notFound);
    case "not-started":
      return problem.said.includes(REQUIREMENT) ? withoutServer(problem.found) : ended("did not start", problem);
    case "crashed":
      return ended("ended again and again", problem);
  }
}

function notFoundMessage({ nearest, interpreter }: NotFound): Message {
  switch (nearest?.verdict.kind) {
    case "too-old":
      return installable(
        `attnlint ${nearest.verdict.version} ${placed(nearest.candidate)} is too old: the extension needs ${OLDEST} or newer. ` +
          `Upgrade it: ${UPGRADE}`,
        nearest.candidate.interpreter,
      );
    case "broken":
      return {
        text: `attnlint ${placed(nearest.candidate)} does not run: ${nearest.verdict.detail}`,
        actions: isSet(nearest) ? ["Open Settings", "Show Output"] : ["Show Output", "Open Documentation"],
      };
    case "missing":
      return isSet(nearest) ? missingWhereSet(nearest.candidate) : missing(interpreter);
    case "works":
    case undefined:
      return missing(interpreter);
  }
}

/** The package is there, but not the further ones that its server needs, which it names itself. */
function withoutServer({ version, candidate }: Found): Message {
  return installable(
    `attnlint ${version} ${placed(candidate)} is installed without its language server. Add it: ${INSTALL}`,
    candidate.interpreter,
  );
}

function ended(how: string, { found: { version, candidate }, detail }: { found: Found; detail: string }): Message {
  return {
    text: `The server of attnlint ${version} ${placed(candidate)} ${how}: ${detail}`,
    actions: ["Show Output", "Open Documentation"],
  };
}

function missing(interpreter: string | undefined): Message {
  return installable(`attnlint was not found. Install it into the Python of your project: ${INSTALL}`, interpreter);
}

function missingWhereSet({ source, command, interpreter }: Candidate): Message {
  if (source === "path") {
    return {
      text: `There is no attnlint at ${command}, which attnlint.path names. Correct the setting, or install it: ${INSTALL}`,
      actions: ["Open Settings", "Open Documentation"],
    };
  }
  const { text, actions } = installable(
    `The Python ${command}, which attnlint.interpreter names, has no attnlint. Install it there: ${INSTALL}`,
    interpreter,
  );
  return { text, actions: [...actions, "Open Settings"], ...(interpreter !== undefined && { interpreter }) };
}

function installable(text: string, interpreter: string | undefined): Message {
  return interpreter === undefined
    ? { text, actions: ["Open Documentation"] }
    : { text, actions: ["Install", "Open Documentation"], interpreter };
}

function isSet({ candidate }: Tried): boolean {
  return candidate.source === "path" || candidate.source === "interpreter";
}

function placed(candidate: Candidate): string {
  return `(${candidate.command})`;
}
