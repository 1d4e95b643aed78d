/** The part of Standard Schema 1 (standardschema.dev) that checks a value: what Zod, Valibot, ArkType and others offer alike. */

/** What is wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  /** Where in the value: keys, from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A value that fits, as the schema makes it, or what is wrong with it. */
export type SchemaResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** A schema of any library. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}
