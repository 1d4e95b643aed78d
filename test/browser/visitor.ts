/** A browser with one page at a time in view, driven over whichever of W3C's protocols it speaks. */
export interface Visitor {
  /** Resolves when the page is loaded. */
  goTo(url: string): Promise<void>;
  back(): Promise<void>;
  /** What an expression is in the page, awaited, as JSON carries it. */
  evaluate(expression: string): Promise<unknown>;
  /** Opens a page in a tab of its own, which the function that it resolves with closes. */
  openTab(url: string): Promise<() => Promise<void>>;
  quit(): Promise<void>;
}

/** An expression whose value is that of `expression`, awaited, as text. */
export function asText(expression: string): string {
  return `(async () => JSON.stringify(await (${expression})))()`;
}
