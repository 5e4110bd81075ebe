import { describe, expect, test } from "vitest";

import type { Candidate } from "../src/candidates";
import { codeOf, page, rules, Unanswered } from "../src/rules";
import { answering } from "./machine";

const python: Candidate = { source: "workspace", command: "python", args: ["-m", "attnlint"], interpreter: "python" };

describe("what attnlint says about its rules", () => {
  test("the page of one", async () => {
    const run = answering({ "python -m attnlint rule ATN101 --output-format markdown": { stdout: "# ATN101\n" } });
    expect(await page("ATN101", python, run)).toBe("# ATN101\n");
  });

  test("all of them, without what a list does not need and what is no rule", async () => {
    const rule = { code: "ATN101", name: "missing-scale", summary: "No scale." };
    const stdout = JSON.stringify([{ ...rule, tiers: [] }, { code: 3 }, null]);
    const listed = await rules(python, answering({ "python -m attnlint rules --output-format json": { stdout } }));
    expect(listed).toMatchObject([rule]);
  });

  test("an error is its last line", async () => {
    const stderr = "Usage: attnlint rule\n\nError: no rule is called 'NOPE'\n";
    const run = answering({ "python -m attnlint rule NOPE --output-format markdown": { status: 2, stderr } });
    await expect(page("NOPE", python, run)).rejects.toThrow(new Unanswered("Error: no rule is called 'NOPE'"));
  });
});

test.each([
  ["ATN101", "ATN101"],
  [{ value: "ATN101", target: "https://example.org" }, "ATN101"],
  [101, undefined],
  [undefined, undefined],
  [null, undefined],
])("the code %j is %s", (code, expected) => {
  expect(codeOf(code)).toBe(expected);
});
