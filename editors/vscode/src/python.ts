/** The interpreter that is selected in the Python extension, where that is installed. */

import { PVSC_EXTENSION_ID, type PythonExtension } from "@vscode/python-extension";
import { type Disposable, extensions, type Uri } from "vscode";

/** What the Python extension knows of environments; one that does not start is as if it were not there. */
async function python(): Promise<PythonExtension["environments"] | undefined> {
  try {
    return (await extensions.getExtension<PythonExtension>(PVSC_EXTENSION_ID)?.activate())?.environments;
  } catch {
    return undefined;
  }
}

export async function selectedInterpreter(resource: Uri | undefined): Promise<string | undefined> {
  const environments = await python();
  if (environments === undefined) {
    return undefined;
  }
  const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(resource));
  return environment?.executable.uri?.fsPath;
}

export async function onInterpreterChange(listener: () => void): Promise<Disposable | undefined> {
  return (await python())?.onDidChangeActiveEnvironmentPath(listener);
}
