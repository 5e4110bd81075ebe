/** Installs attnlint in a terminal, where the user sees what pip does. */

import { ProcessExecution, Task, tasks, TaskRevealKind, TaskScope } from "vscode";

import { REQUIREMENT } from "./messages";

/** Resolves, once pip is done, to whether it succeeded. */
export async function install(interpreter: string): Promise<boolean> {
  // No shell is between: the brackets of the requirement, and spaces in the path, need no quotes.
  const pip = new ProcessExecution(interpreter, ["-m", "pip", "install", "--upgrade", REQUIREMENT]);
  const task = new Task({ type: "attnlint" }, TaskScope.Workspace, "Install attnlint", "attnlint", pip);
  task.presentationOptions = { reveal: TaskRevealKind.Always };
  return new Promise((resolve, reject) => {
    const listener = tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name === task.name && execution.task.source === task.source) {
        listener.dispose();
        resolve(exitCode === 0);
      }
    });
    tasks.executeTask(task).then(undefined, (error: unknown) => {
      listener.dispose();
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
