import { describe, expect, test } from "vitest";

import type { Candidate, Source } from "../src/candidates";
import type { Verdict } from "../src/find";
import { message, type Problem } from "../src/messages";

function candidate(source: Source, interpreter?: string): Candidate {
  return interpreter === undefined
    ? { source, command: "/bin/attnlint", args: [] }
    : { source, command: interpreter, args: ["-m", "attnlint"], interpreter };
}

function notFound(verdict: Verdict, source: Source, interpreter?: string): Problem {
  return {
    kind: "not-found",
    notFound: { nearest: { candidate: candidate(source, interpreter), verdict }, interpreter },
  };
}

describe("attnlint is nowhere", () => {
  test("where there is a Python, one click installs it", () => {
    expect(message(notFound({ kind: "missing" }, "workspace", "/work/.venv/bin/python"))).toEqual({
      text: "attnlint was not found. Install it into the Python of your project: pip install 'attnlint[server]'",
      actions: ["Install", "Open Documentation"],
      interpreter: "/work/.venv/bin/python",
    });
  });

  test("where there is none, the documentation helps", () => {
    expect(message({ kind: "not-found", notFound: { nearest: undefined, interpreter: undefined } }).actions).toEqual([
      "Open Documentation",
    ]);
  });

  test("where attnlint.path should be, the setting is named", () => {
    expect(message(notFound({ kind: "missing" }, "path"))).toEqual({
      text:
        "There is no attnlint at /bin/attnlint, which attnlint.path names. " +
        "Correct the setting, or install it: pip install 'attnlint[server]'",
      actions: ["Open Settings", "Open Documentation"],
    });
  });

  test("where attnlint.interpreter names a Python without it, it is installed there", () => {
    expect(message(notFound({ kind: "missing" }, "interpreter", "/opt/python"))).toEqual({
      text:
        "The Python /opt/python, which attnlint.interpreter names, has no attnlint. " +
        "Install it there: pip install 'attnlint[server]'",
      actions: ["Install", "Open Documentation", "Open Settings"],
      interpreter: "/opt/python",
    });
  });
});

describe("attnlint is there", () => {
  test("but too old", () => {
    expect(message(notFound({ kind: "too-old", version: "0.0.9" }, "PATH", "/usr/bin/python3"))).toEqual({
      text:
        "attnlint 0.0.9 (/usr/bin/python3) is too old: the extension needs 0.1.0 or newer. " +
        "Upgrade it: pip install --upgrade 'attnlint[server]'",
      actions: ["Install", "Open Documentation"],
      interpreter: "/usr/bin/python3",
    });
  });

  test("but broken, where a setting may be wrong", () => {
    expect(message(notFound({ kind: "broken", detail: "permission denied" }, "path"))).toEqual({
      text: "attnlint (/bin/attnlint) does not run: permission denied",
      actions: ["Open Settings", "Show Output"],
    });
  });

  test("but broken by itself", () => {
    const verdict: Verdict = { kind: "broken", detail: "No module named 'libcst'" };
    expect(message(notFound(verdict, "PATH")).actions).toEqual(["Show Output", "Open Documentation"]);
  });

  const found = { candidate: candidate("workspace", "/work/.venv/bin/python"), version: "0.3.0" };

  test("but without its server", () => {
    const said = "attnlint server needs the extra: pip install 'attnlint[server]'\n";
    expect(message({ kind: "not-started", found, said, detail: said.trim() })).toEqual({
      text:
        "attnlint 0.3.0 (/work/.venv/bin/python) is installed without its language server. " +
        "Add it: pip install 'attnlint[server]'",
      actions: ["Install", "Open Documentation"],
      interpreter: "/work/.venv/bin/python",
    });
  });

  test("but its server does not start", () => {
    expect(message({ kind: "not-started", found, said: "Traceback …\nboom\n", detail: "boom" })).toEqual({
      text: "The server of attnlint 0.3.0 (/work/.venv/bin/python) did not start: boom",
      actions: ["Show Output", "Open Documentation"],
    });
  });

  test("but its server ends", () => {
    expect(message({ kind: "crashed", found, detail: "boom" }).text).toBe(
      "The server of attnlint 0.3.0 (/work/.venv/bin/python) ended again and again: boom",
    );
  });
});
