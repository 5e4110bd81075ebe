/** What the user is told where there is no server. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { CodeServer, needed } from "./codeServer";
import { MODEL } from "./models";
import { browser, closeAll, Workbench } from "./workbench";

let folder: string;
let chromium: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "attnlint-python-"));
  chromium = await browser();
});

afterAll(async () => {
  await chromium.close();
  rmSync(folder, { recursive: true });
});

afterEach(async ({ task }) => {
  await closeAll(chromium, task);
});

/** A window with a Python file in it, some time after something was to be told about these settings. */
async function told(
  settings: Readonly<Record<string, unknown>>,
  test: (window: Workbench) => Promise<void>,
): Promise<void> {
  const server = await CodeServer.start({ "model.py": MODEL }, settings);
  try {
    const window = await Workbench.open(chromium, server.url(""));
    await window.openFile("model.py");
    await window.notifications.first().waitFor();
    await window.page.waitForTimeout(2_000);
    await test(window);
  } finally {
    await server.stop();
  }
}

function program(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ["#!/bin/sh", ...lines].join("\n"));
  chmodSync(path, 0o755);
  return path;
}

test("a Python without attnlint has it installed by one click, and the server starts", async () => {
  const pip = join(folder, "pip.txt");
  // Python without attnlint, until its pip was run.
  const python = program(
    "python",
    `if [ "$2" = pip ]; then echo "$@" > '${pip}'; exit; fi`,
    `if [ -e '${pip}' ]; then exec '${needed("ATTNLINT_PYTHON")}' "$@"; fi`,
    'echo "$0: No module named attnlint" >&2',
    "exit 1",
  );
  await told({ "attnlint.interpreter": python }, async (window) => {
    expect(await window.notifications.allInnerTexts()).toEqual([
      expect.stringContaining(`The Python ${python}, which attnlint.interpreter names, has no attnlint.`),
    ]);
    await window.notifications.getByRole("button", { name: "Install" }).click();
    await window.squiggles.first().waitFor();
    expect(readFileSync(pip, "utf-8")).toBe("-m pip install --upgrade attnlint[server]\n");
  });
});

test("one that lacks what the server needs says so once", async () => {
  const attnlint = program(
    "attnlint",
    'if [ "$1" = --version ]; then echo "attnlint, version 0.1.0"; exit; fi',
    "echo \"Error: the server needs pygls 2, which comes with: pip install 'attnlint[server]'\" >&2",
    "exit 2",
  );
  await told({ "attnlint.path": attnlint }, async (window) => {
    expect(await window.notifications.allInnerTexts()).toEqual([
      expect.stringContaining(`attnlint 0.1.0 (${attnlint}) is installed without its language server.`),
    ]);
  });
});
