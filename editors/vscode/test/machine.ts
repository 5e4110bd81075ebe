import type { Host, Outcome, Run } from "../src/host";

/** A machine that has these files alone. */
export function machine(files: readonly string[], rest: Partial<Host> = {}): Host {
  return { platform: "linux", env: {}, home: "/home/ada", isFile: (path) => files.includes(path), ...rest };
}

/** Answers by the command line that was run; what it does not know is not there. */
export function answering(answers: Readonly<Record<string, Partial<Outcome>>>, log: string[] = []): Run {
  return (command, args) => {
    const line = [command, ...args].join(" ");
    log.push(line);
    const answer = answers[line];
    const missing = { status: undefined, stdout: "", stderr: `spawn ${command} ENOENT` };
    return Promise.resolve(answer === undefined ? missing : { status: 0, stdout: "", stderr: "", ...answer });
  };
}
