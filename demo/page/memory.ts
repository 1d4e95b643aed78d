/**
 * What the page remembers, as JSON: in the tab, where a reload finds it, or in the browser, where the next visit does.
 * Where storage is forbidden the page works all the same and remembers nothing.
 */
export class Memory {
  private readonly storage: () => Storage;

  /** @param storage - asked each time, for the mere look at it may throw */
  constructor(storage: () => Storage) {
    this.storage = storage;
  }

  /** What was remembered. Anyone with the developer tools may have changed it: check it. */
  read(name: string): unknown {
    try {
      return JSON.parse(this.storage().getItem(`throughline:${name}`) ?? 'null');
    } catch {
      return null; // forbidden, or no JSON: nothing is remembered
    }
  }

  write(name: string, value: unknown): void {
    try {
      this.storage().setItem(`throughline:${name}`, JSON.stringify(value));
    } catch {
      // Forbidden or full: then the page forgets, which it can bear.
    }
  }
}

export const tabMemory = new Memory(() => sessionStorage);
export const browserMemory = new Memory(() => localStorage);
