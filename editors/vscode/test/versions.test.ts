import { expect, test } from "vitest";

import { isTooOld, versionIn } from "../src/versions";

test.each([
  ["attnlint, version 0.3.0\n", "0.3.0"],
  ["warning: something\nattnlint, version 1.0.0rc1\n", "1.0.0rc1"],
  ["attnlint, version 0.2.dev3+g1234\r\n", "0.2.dev3+g1234"],
  ["ruff 0.9.0\n", undefined],
  ["", undefined],
])("the version in %j is %s", (output, version) => {
  expect(versionIn(output)).toBe(version);
});

test.each([
  ["0.1.0", "0.2.0", true],
  ["0.2.0", "0.2.0", false],
  ["0.2.0rc1", "0.2.0", false],
  ["0.2.dev3+g1234", "0.2.0", false],
  ["0.10", "0.9.5", false],
  ["1", "0.9.5", false],
  ["unknown", "0.2.0", true],
])("%s where %s is needed: too old is %s", (version, oldest, tooOld) => {
  expect(isTooOld(version, oldest)).toBe(tooOld);
});
