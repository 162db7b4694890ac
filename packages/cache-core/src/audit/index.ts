// For production: compares what a cache answers with what it was loaded from.
export { type AuditOptions, type AuditReport, auditCache, type CacheAudit, type StaleEntry } from './audit-cache.js'
