import { resolve } from "node:path";

import { defineConfig } from "vitest/config";

export default defineConfig({
  // What the editor hands to extensions is there in the editor alone.
  resolve: { alias: { vscode: resolve(import.meta.dirname, "test/vscode.ts") } },
  test: { include: ["test/**/*.test.ts"] },
});
