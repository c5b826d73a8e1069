export { type RedisOptions, redis } from './redis.js'
