import { expect, test, vi } from "vitest";

import { Restarts } from "../src/restarts";

vi.mock("vscode-languageclient/node", () => ({
  CloseAction: { DoNotRestart: "stay", Restart: "again" },
  ErrorAction: { Continue: "continue", Shutdown: "shutdown" },
}));

function ends(restarts: Restarts, times: readonly number[], clock: { now: number }): unknown[] {
  return times.map((time) => {
    clock.now = time;
    return restarts.closed().action;
  });
}

test("a server that never ran is not started again", () => {
  expect(ends(new Restarts(), [0], { now: 0 })).toEqual(["stay"]);
});

test("one that ran is, but not for ever", () => {
  const clock = { now: 0 };
  const restarts = new Restarts(() => clock.now);
  restarts.ran = true;
  expect(ends(restarts, [0, 1000, 2000, 3000, 4000], clock)).toEqual(["again", "again", "again", "again", "stay"]);
});

test("one that ends now and then always is", () => {
  const clock = { now: 0 };
  const restarts = new Restarts(() => clock.now);
  restarts.ran = true;
  const hours = Array.from({ length: 8 }, (_, hour) => hour * 3_600_000);
  expect(ends(restarts, hours, clock)).toEqual(hours.map(() => "again"));
});

test("the client itself tells nobody: the extension does", () => {
  expect(new Restarts().closed().handled).toBe(true);
});

test("single errors of the connection are borne", () => {
  const actions = [1, 3, 4].map((count) => new Restarts().error(new Error("write"), undefined, count).action);
  expect(actions).toEqual(["continue", "continue", "shutdown"]);
});
