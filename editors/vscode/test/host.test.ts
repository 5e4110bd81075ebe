import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { localHost, runner } from "../src/host";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "attnlint-")));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const node = process.execPath;

test("a program runs in the folder of the extension, without a shell", async () => {
  const script = "console.log(process.cwd(), process.argv[1]); console.error('aside')";
  expect(await runner(folder)(node, ["-e", script, "$HOME 'x[y]'"])).toEqual({
    status: 0,
    stdout: `${folder} $HOME 'x[y]'\n`,
    stderr: "aside\n",
  });
});

test("its exit status is kept", async () => {
  expect(await runner(folder)(node, ["-e", "process.exit(2)"])).toMatchObject({ status: 2 });
});

test("one that is not there has none", async () => {
  expect(await runner(folder)(join(folder, "none"), [])).toMatchObject({
    status: undefined,
    stderr: expect.stringContaining("ENOENT") as string,
  });
});

test("one that hangs is ended", async () => {
  expect(await runner(folder, 200)(node, ["-e", "setInterval(() => {}, 1000)"])).toMatchObject({ status: undefined });
});

test("folders are no files", () => {
  expect([folder, node].map((path) => localHost().isFile(path))).toEqual([false, true]);
});
