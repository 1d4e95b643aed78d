import { afterEach, beforeEach, expect } from 'vitest';
import { Redis } from './redis-server.ts';

/** Starts a Redis for each test of a suite, and fails a test that leaves a rejection unhandled, be it at Redis's end. */
export function redisForEach(): () => Redis {
  let redis: Redis;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeEach(async () => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
    redis = await Redis.start();
  });

  afterEach(async () => {
    await redis.close();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  return () => redis;
}
