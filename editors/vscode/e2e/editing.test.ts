import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { CodeServer, needed } from "./codeServer";
import { DROPPED, MODEL, NOTEBOOK, SAFELY_MENDED } from "./models";
import { browser, closeAll, Workbench } from "./workbench";

const PYTHON = needed("ATTNLINT_PYTHON");
const ONLY_DROPPED = { "attnlint.ignore": ["ATN001", "ATN402"] };
const WAIT = { timeout: 20_000, interval: 100 };

let server: CodeServer;
let chromium: Browser;

beforeAll(async () => {
  const files = {
    "here/model.py": MODEL,
    "here/cells.ipynb": NOTEBOOK,
    "saving/model.py": MODEL,
    "later/model.py": MODEL,
    "later/notes.md": `# Notes\n\n\`\`\`python\n${MODEL}\`\`\`\n`,
    "later/.vscode/settings.json": JSON.stringify({
      ...ONLY_DROPPED,
      "attnlint.run": "onSave",
      "attnlint.prose": true,
    }),
    "one/first.py": MODEL,
    "two/second.py": MODEL,
    "two/.vscode/settings.json": JSON.stringify(ONLY_DROPPED),
    "both.code-workspace": JSON.stringify({ folders: [{ path: "one" }, { path: "two" }] }),
  };
  server = await CodeServer.start(files, {
    "attnlint.interpreter": PYTHON,
    "[python]": { "editor.codeActionsOnSave": { "source.fixAll.attnlint": "explicit" } },
  });
  chromium = await browser();
});

afterAll(async () => {
  await chromium.close();
  await server.stop();
});

afterEach(async ({ task }) => {
  await closeAll(chromium, task);
});

async function opened(file: string, where = "here"): Promise<Workbench> {
  const window = await Workbench.open(chromium, server.url(where));
  await window.openFile(file);
  await window.squiggles.first().waitFor();
  return window;
}

async function squiggles(window: Workbench, count: number): Promise<void> {
  await expect.poll(() => window.squiggles.count(), WAIT).toBe(count);
}

describe("findings", () => {
  test("are underlined, and one is mended by its quick fix", async () => {
    const window = await opened("model.py");
    await squiggles(window, 3);
    await window.arrange();
    await window.goTo(DROPPED.line, DROPPED.column);
    const fixes = await window.quickFixes();
    expect(await fixes.allTextContents()).toEqual([
      "Unsafe fix: Assign the result back (ATN204)",
      "Suppress ATN204 on this line",
      "Explain ATN204 (discarded-mask)",
    ]);
    await window.picture();
    await window.page.keyboard.press("Enter");
    await expect.poll(() => window.text(), WAIT).toContain("scores = scores.masked_fill(mask == 0");
    await squiggles(window, 2);
  });

  test("that can be mended safely are mended at once, and on saving", async () => {
    const window = await opened("model.py", "saving");
    await window.command("attnlint: Fix All Safe Problems in This File");
    await squiggles(window, 1);
    await window.page.keyboard.press("Control+Z");
    await squiggles(window, 3);
    expect(server.read("saving/model.py")).toBe(MODEL);
    await window.page.keyboard.press("Control+S");
    await squiggles(window, 1);
    await expect.poll(() => server.read("saving/model.py"), WAIT).toBe(SAFELY_MENDED);
  });

  test("are underlined in the cells of notebooks", async () => {
    const window = await opened("model.py");
    await window.openFile("cells.ipynb");
    await expect.poll(() => window.squigglesInCells.count(), WAIT).toBe(3);
  });

  test("change when the file is saved, where that is wanted", async () => {
    const window = await opened("model.py", "later");
    await window.goTo(DROPPED.line, DROPPED.column);
    await window.quickFixes();
    await window.page.keyboard.press("Enter");
    await expect.poll(() => window.text(), WAIT).toContain("scores = scores.masked_fill(mask == 0");
    await window.page.waitForTimeout(3_000);
    await squiggles(window, 1);
    await window.page.keyboard.press("Control+S");
    await squiggles(window, 0);
  });

  test("are underlined in prose, where that is wanted", async () => {
    await squiggles(await opened("notes.md", "later"), 1);
  });

  test("change with the settings", async () => {
    const window = await opened("first.py", "one");
    await squiggles(window, 3);
    server.write("one/.vscode/settings.json", JSON.stringify(ONLY_DROPPED));
    await squiggles(window, 1);
    server.write("one/.vscode/settings.json", "{}");
    await squiggles(window, 3);
  });

  test("depend on the settings of the folder", async () => {
    const window = await opened("first.py", "both.code-workspace");
    await squiggles(window, 3);
    await window.openFile("second.py");
    await squiggles(window, 1);
  });
});

test("a rule is explained where it is found", async () => {
  const window = await opened("model.py");
  await window.goTo(DROPPED.line, DROPPED.column);
  await window.command("attnlint: Explain Rule");
  const page = await window.preview("ATN204.md");
  await page.getByRole("heading", { name: "ATN204 discarded-mask" }).waitFor();
});

test("the version is that of the interpreter", async () => {
  const window = await opened("model.py");
  await window.command("attnlint: Show Version");
  await expect
    .poll(() => window.notifications.allInnerTexts(), WAIT)
    .toEqual([expect.stringContaining(`: ${PYTHON} -m attnlint`)]);
});
