/**
 * An object without a prototype, for names and values, that V8 gives a shape: two names take 64 bytes, where `Object.create(null)`
 * is a hash table of 184. For maps of which there are many with the same few names.
 */
export const ShapedMap = function ShapedMap() {} as unknown as new () => Record<PropertyKey, unknown>;

// With no `constructor` in it, unlike a class's.
ShapedMap.prototype = Object.create(null);
