/**
 * Types of acknowledgements: what Socket.IO's generics say about the callback that may end an event's arguments.
 *
 * `any` stands in these types where the application's own map of events decides: a listener's arguments are its to name.
 */
// oxlint-disable no-explicit-any
import type { EventNames, EventsMap } from '../emitter.ts';

type Callback = (...args: any[]) => unknown;
type IsAny<T> = 0 extends 1 & T ? true : false;
type ArgsOf<T> = T extends (...args: infer Args) => unknown ? Args : never;

/** The last of a list of types. */
export type Last<List extends readonly unknown[]> = List extends readonly [...infer _, infer End]
  ? End
  : List extends readonly (infer Item)[]
    ? Item
    : never;

/** A list of types without its last. */
export type AllButLast<List extends any[]> = List extends [...infer Front, any] ? Front : any[];

/** What a callback is given, less the error that may stand before it. */
export type FirstNonErrorArg<T> = T extends (...args: infer Args) => any ? FirstNonErrorTuple<Args> : any;

/** The first of a list of types, or the second behind an error. */
export type FirstNonErrorTuple<List extends unknown[]> = List[0] extends Error ? List[1] : List[0];

/** `any` where the map doesn't say; else the callback at the end of an event's arguments, or never. */
type AckOf<Listener> =
  IsAny<Listener> extends true
    ? any
    : ArgsOf<Listener> extends never[]
      ? never
      : IsAny<Last<ArgsOf<Listener>>> extends true
        ? any
        : Extract<Last<ArgsOf<Listener>>, Callback> extends infer Ack
          ? Last<ArgsOf<Listener>> extends Ack
            ? Ack
            : never
          : never;

/** The events that end in a callback, or may. */
export type EventNamesWithAck<Map extends EventsMap, Ev extends EventNames<Map> = EventNames<Map>> = Ev extends unknown
  ? [AckOf<Map[Ev]>] extends [never]
    ? never
    : Ev
  : never;

/** The events that end in no callback, or may not. */
export type EventNamesWithoutAck<
  Map extends EventsMap,
  Ev extends EventNames<Map> = EventNames<Map>,
> = Ev extends unknown
  ? IsAny<AckOf<Map[Ev]>> extends true
    ? Ev
    : [AckOf<Map[Ev]>] extends [never]
      ? Ev
      : never
  : never;

/** The events whose callback takes an error first, or may: those that can fail by a timeout. */
export type EventNamesWithError<
  Map extends EventsMap,
  Ev extends EventNamesWithAck<Map> = EventNamesWithAck<Map>,
> = Ev extends unknown
  ? IsAny<AckOf<Map[Ev]>> extends true
    ? Ev
    : ArgsOf<AckOf<Map[Ev]>>[0] extends Error
      ? Ev
      : never
  : never;

/** Without the events that can't be sent to many without a timeout. */
export type RemoveAcknowledgements<Map extends EventsMap> = { [Ev in EventNamesWithoutAck<Map>]: Map[Ev] };

/** With a timeout, a callback is told of it before all else. */
type PrependTimeoutError<List extends any[]> = {
  [Key in keyof List]: List[Key] extends (...args: infer Args) => infer Result
    ? Args[0] extends Error
      ? List[Key]
      : (err: Error, ...args: Args) => Result
    : List[Key];
};

/** Keeps the label of a list's first type. */
type First<List extends any[]> = List extends [any, ...infer Rest]
  ? List extends [...infer Front, ...Rest]
    ? Front
    : never
  : never;

type Multiplied<List extends unknown[]> = { [Key in keyof List]: List[Key][] };

/** Sent to many, a callback gets a list of answers. */
type ExpectMultipleResponses<List extends any[]> = {
  [Key in keyof List]: List[Key] extends (...args: infer Args) => infer Result
    ? Args extends [Error]
      ? (err: Error) => Result
      : Args extends [Error, ...infer Rest]
        ? (err: Error, ...args: First<Multiplied<Rest>>) => Result
        : Args extends []
          ? () => Result
          : (...args: First<Multiplied<Args>>) => Result
    : List[Key];
};

/** The events as `timeout()` changes them. */
export type DecorateAcknowledgements<Map> = {
  [Ev in keyof Map]: Map[Ev] extends (...args: infer Args) => infer Result
    ? (...args: PrependTimeoutError<Args>) => Result
    : Map[Ev];
};

/** The events as sent to many. */
export type DecorateAcknowledgementsWithMultipleResponses<Map> = {
  [Ev in keyof Map]: Map[Ev] extends (...args: infer Args) => infer Result
    ? (...args: ExpectMultipleResponses<Args>) => Result
    : Map[Ev];
};

/** The events as sent to many servers, which always has a timeout. */
export type DecorateAcknowledgementsWithTimeoutAndMultipleResponses<Map> = {
  [Ev in keyof Map]: Map[Ev] extends (...args: infer Args) => infer Result
    ? (...args: ExpectMultipleResponses<PrependTimeoutError<Args>>) => Result
    : Map[Ev];
};
