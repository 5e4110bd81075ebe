import { beforeEach, describe, expect, test, vi } from "vitest";

import { onInterpreterChange, selectedInterpreter } from "../src/python";
import { installed } from "./vscode";

vi.mock("@vscode/python-extension", () => ({ PVSC_EXTENSION_ID: "ms-python.python" }));

beforeEach(() => {
  installed.clear();
});

/** The Python extension with one environment, which it knows by its folder. */
function environments(executable: string | undefined): Record<string, unknown> {
  return {
    getActiveEnvironmentPath: () => ({ path: "/conda" }),
    resolveEnvironment: ({ path }: { path: string }) =>
      Promise.resolve({ executable: { uri: executable && { fsPath: path + executable } } }),
    onDidChangeActiveEnvironmentPath: (listener: () => void) => ({ dispose: listener }),
  };
}

describe("the interpreter of the Python extension", () => {
  test("is that of the environment that is selected", async () => {
    installed.set("ms-python.python", {
      activate: () => Promise.resolve({ environments: environments("/bin/python") }),
    });
    expect(await selectedInterpreter(undefined)).toBe("/conda/bin/python");
  });

  test("is none where the environment has none", async () => {
    installed.set("ms-python.python", { activate: () => Promise.resolve({ environments: environments(undefined) }) });
    expect(await selectedInterpreter(undefined)).toBeUndefined();
  });

  test("is none without the extension", async () => {
    expect(await selectedInterpreter(undefined)).toBeUndefined();
    expect(await onInterpreterChange(() => undefined)).toBeUndefined();
  });

  test("is none where the extension does not start", async () => {
    installed.set("ms-python.python", { activate: () => Promise.reject(new Error("no Python")) });
    expect(await selectedInterpreter(undefined)).toBeUndefined();
  });

  test("is listened for", async () => {
    installed.set("ms-python.python", {
      activate: () => Promise.resolve({ environments: environments("/bin/python") }),
    });
    const listener = vi.fn();
    (await onInterpreterChange(listener))?.dispose();
    expect(listener).toHaveBeenCalledOnce();
  });
});
