import { describe, expect, test } from "vitest";

import type { Candidate } from "../src/candidates";
import { isSame, search } from "../src/find";
import { answering } from "./machine";

const selected: Candidate = {
  source: "python-extension",
  command: "/conda/bin/python",
  args: ["-m", "attnlint"],
  interpreter: "/conda/bin/python",
};
const onPath: Candidate = { source: "PATH", command: "/usr/bin/attnlint", args: [] };

const SELECTED = "/conda/bin/python -m attnlint --version";
const ON_PATH = "/usr/bin/attnlint --version";
const works = { stdout: "attnlint, version 0.3.1\n" };
const old = { stdout: "attnlint, version 0.0.9\n" };
const missing = { status: 1, stderr: "/conda/bin/python: No module named attnlint\n" };

describe("the first candidate that works is found", () => {
  test("and nothing after it is run", async () => {
    const log: string[] = [];
    expect(await search([selected, onPath], answering({ [SELECTED]: works, [ON_PATH]: works }, log))).toEqual({
      found: { candidate: selected, version: "0.3.1" },
    });
    expect(log).toEqual([SELECTED]);
  });

  test.each([
    ["missing", missing],
    ["too old", old],
    ["broken", { status: 1, stderr: "Segmentation fault" }],
  ])("behind one that is %s", async (_, answer) => {
    expect(await search([selected, onPath], answering({ [SELECTED]: answer, [ON_PATH]: works }))).toEqual({
      found: { candidate: onPath, version: "0.3.1" },
    });
  });

  test("and what is found out on the way is logged", async () => {
    const lines: string[] = [];
    await search([selected, onPath], answering({ [SELECTED]: old, [ON_PATH]: works }), (line) => lines.push(line));
    expect(lines).toEqual([
      "/conda/bin/python -m attnlint (python-extension): 0.0.9, too old",
      "/usr/bin/attnlint (PATH): 0.3.1",
    ]);
  });
});

describe("where none works", () => {
  test("a module that is missing is no error", async () => {
    expect(await search([selected], answering({ [SELECTED]: missing }))).toEqual({
      notFound: {
        nearest: { candidate: selected, verdict: { kind: "missing" } },
        interpreter: "/conda/bin/python",
      },
    });
  });

  test("a module that attnlint itself misses is one", async () => {
    const stderr = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'libcst'\n";
    expect(await search([selected], answering({ [SELECTED]: { status: 1, stderr } }))).toMatchObject({
      notFound: { nearest: { verdict: { kind: "broken", detail: "ModuleNotFoundError: No module named 'libcst'" } } },
    });
  });

  test("the one that is too old counts for more than those that are missing", async () => {
    expect(await search([selected, onPath], answering({ [SELECTED]: missing, [ON_PATH]: old }))).toEqual({
      notFound: {
        nearest: { candidate: onPath, verdict: { kind: "too-old", version: "0.0.9" } },
        interpreter: "/conda/bin/python",
      },
    });
  });

  test("another program of the name is no attnlint", async () => {
    expect(await search([onPath], answering({ [ON_PATH]: { stdout: "hello\nworld\n" } }))).toMatchObject({
      notFound: { nearest: { verdict: { kind: "broken", detail: '`--version` prints "hello"' } } },
    });
  });

  test("and there is nothing to try, there is nothing near", async () => {
    expect(await search([], answering({}))).toEqual({ notFound: { nearest: undefined, interpreter: undefined } });
  });
});

test("what is found again is the same if nothing of it changed", () => {
  const before = { candidate: selected, version: "0.3.1" };
  const notFound = { nearest: undefined, interpreter: undefined };
  expect(isSame(before, { found: { ...before } })).toBe(true);
  expect(isSame(before, { found: { ...before, version: "0.3.2" } })).toBe(false);
  expect(isSame(before, { found: { ...before, candidate: onPath } })).toBe(false);
  expect(isSame(before, { notFound })).toBe(false);
  expect(isSame(undefined, { found: before })).toBe(false);
});
