/** What a person does in the window: opens files, calls commands, reads what is shown. */

import { type Browser, chromium, type FrameLocator, type Locator, type Page } from "playwright-core";
import type { RunnerTestCase } from "vitest";

const ALONE = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function browser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["ATTNLINT_CHROMIUM"] ?? "/usr/bin/chromium", args: ALONE });
}

/** Closes all windows; what one looked like when its test failed is kept in e2e/failures. */
export async function closeAll(where: Browser, test: RunnerTestCase): Promise<void> {
  for (const window of where.contexts()) {
    if (test.result?.state === "fail") {
      const path = `e2e/failures/${test.name.replaceAll(/\W+/g, "-")}.png`;
      await Promise.all(window.pages().map((page) => page.screenshot({ path })));
    }
    await window.close();
  }
}

export class Workbench {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(where: Browser, url: string): Promise<Workbench> {
    const page = await where.newPage({ viewport: { width: 1180, height: 680 } });
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    const files = page.locator(".explorer-folders-view .monaco-list-row").first();
    const empty = page.getByText("You have not yet added a folder to the workspace.");
    await files.or(empty).waitFor();
    // Now and then the window of a workspace file comes up without its folders, before any extension runs.
    for (let again = 0; again < 5 && (await empty.isVisible()); again += 1) {
      await page.reload();
      await files.or(empty).waitFor();
    }
    await files.waitFor();
    return new Workbench(page);
  }

  /** The lines of the editor that are in view. */
  async text(): Promise<string> {
    const lines = await this.page.locator(".editor-instance .view-lines").first().innerText();
    return lines.replaceAll("\u00a0", " ");
  }

  get squiggles(): Locator {
    return this.page.locator(".editor-instance").locator(".squiggly-error, .squiggly-warning");
  }

  get squigglesInCells(): Locator {
    return this.page.locator(".notebookOverlay .cell").locator(".squiggly-error, .squiggly-warning");
  }

  get notifications(): Locator {
    return this.page.locator(".notifications-toasts .notification-list-item");
  }

  async openFile(name: string): Promise<void> {
    await this.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).dblclick();
    await this.page.locator(".tab.active", { hasText: name }).waitFor();
  }

  /** A window as narrow as the page, with the problems below the text: as pictures want it. */
  async arrange(): Promise<void> {
    await this.page.keyboard.press("Control+B");
    await this.page.keyboard.press("Control+Shift+M");
    await this.page.locator(".markers-panel .monaco-list-row").first().waitFor();
    await this.page.keyboard.press("Control+1");
  }

  async goTo(line: number, column: number): Promise<void> {
    await this.#enter("Control+G", `${String(line)}:${String(column)}`, "Go to line");
  }

  async command(title: string): Promise<void> {
    await this.#enter("F1", title, title);
  }

  /** The entries of the menu of quick fixes at the cursor. */
  async quickFixes(): Promise<Locator> {
    await this.page.keyboard.press("Control+.");
    const entries = this.page.locator(".action-widget .monaco-list-row.action");
    await entries.first().waitFor();
    return entries;
  }

  /** The content of a Markdown preview. */
  async preview(name: string): Promise<FrameLocator> {
    await this.page.locator(".tab.active", { hasText: `Preview ${name}` }).waitFor();
    return this.page.locator("iframe.webview.ready").contentFrame().locator("iframe#active-frame").contentFrame();
  }

  /** Keeps a picture of the window, where one is wanted. */
  async picture(): Promise<void> {
    const path = process.env["ATTNLINT_PICTURE"];
    if (path !== undefined) {
      await this.page.screenshot({ path });
    }
  }

  async #enter(key: string, text: string, offered: string): Promise<void> {
    await this.page.keyboard.press(key);
    const box = this.page.locator(".quick-input-widget");
    const input = box.locator("input[type=text]");
    await input.pressSequentially(text);
    await box.locator(".monaco-list-row.focused", { hasText: offered }).waitFor();
    await input.press("Enter");
    await box.waitFor({ state: "hidden" });
  }
}
