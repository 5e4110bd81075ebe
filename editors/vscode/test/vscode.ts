/** As much of the editor as the tests need: the extensions that are installed. */

export const installed = new Map<string, { activate: () => Promise<unknown> }>();

export const extensions = {
  getExtension: (id: string): { activate: () => Promise<unknown> } | undefined => installed.get(id),
};
