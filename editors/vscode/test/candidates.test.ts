import { describe, expect, test } from "vitest";

import { candidates, spelled, type Wanted } from "../src/candidates";
import { machine } from "./machine";

const nothing: Wanted = { path: "", interpreter: "", selected: undefined, folders: [], trusted: true };

function commands(wanted: Partial<Wanted>, host = machine([])): string[] {
  return candidates({ ...nothing, ...wanted }, host).map((candidate) => `${candidate.source}: ${spelled(candidate)}`);
}

describe("what a setting names", () => {
  const elsewhere = { selected: "/conda/bin/python", folders: ["/work"] };
  const host = machine(["/work/.venv/bin/python", "/usr/bin/attnlint"], { env: { PATH: "/usr/bin" } });

  test("the program is the only candidate", () => {
    expect(commands({ path: "/opt/attnlint", interpreter: "/opt/python", ...elsewhere }, host)).toEqual([
      "path: /opt/attnlint",
    ]);
  });

  test("the interpreter is the only candidate", () => {
    expect(commands({ interpreter: "/opt/python", ...elsewhere }, host)).toEqual([
      "interpreter: /opt/python -m attnlint",
    ]);
  });
});

describe("where no setting says anything", () => {
  const host = machine(["/a/.venv/bin/python", "/b/venv/bin/python", "/usr/bin/attnlint", "/usr/bin/python3"], {
    env: { PATH: "/usr/local/bin:/usr/bin" },
  });

  test("the selected interpreter comes before the workspace, and that before the PATH", () => {
    expect(commands({ selected: "/conda/bin/python", folders: ["/a", "/b"] }, host)).toEqual([
      "python-extension: /conda/bin/python -m attnlint",
      "workspace: /a/.venv/bin/python -m attnlint",
      "workspace: /b/venv/bin/python -m attnlint",
      "PATH: /usr/bin/attnlint",
      "PATH: /usr/bin/python3 -m attnlint",
    ]);
  });

  test("an interpreter that is found twice is tried once", () => {
    expect(commands({ selected: "/a/.venv/bin/python", folders: ["/a"] }, host)).toEqual([
      "python-extension: /a/.venv/bin/python -m attnlint",
      "PATH: /usr/bin/attnlint",
      "PATH: /usr/bin/python3 -m attnlint",
    ]);
  });

  test("nothing of a workspace that is not trusted is run", () => {
    expect(commands({ selected: "/a/.venv/bin/python", folders: ["/a", "/b"], trusted: false }, host)).toEqual([
      "PATH: /usr/bin/attnlint",
      "PATH: /usr/bin/python3 -m attnlint",
    ]);
  });

  test("a relative folder on the PATH, which may be one of the workspace, is passed over", () => {
    expect(commands({}, machine(["attnlint", "bin/attnlint"], { env: { PATH: ".:bin:" } }))).toEqual([]);
  });

  test("on Windows, programs end in .exe and environments have other folders", () => {
    const windows = machine(["C:\\work\\.venv\\Scripts\\python.exe", "C:\\bin\\attnlint.exe", "C:\\bin\\attnlint"], {
      platform: "win32",
      env: { Path: "C:\\bin;relative" },
    });
    expect(commands({ folders: ["C:\\work"] }, windows)).toEqual([
      "workspace: C:\\work\\.venv\\Scripts\\python.exe -m attnlint",
      "PATH: C:\\bin\\attnlint.exe",
    ]);
  });
});
