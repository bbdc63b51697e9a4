import Catalog
import Identity
import Jobs
package import Store

/// The tables of all modules that share the database.
package enum DatabaseSchema {
    /// In the order in which they came; what was released is never changed, only followed.
    package static let migrations: [Migration] = [
        Migration(number: 1, name: "identity", sql: IdentitySchema.sql),
        Migration(number: 2, name: "jobs and events", sql: JobSchema.sql + EventLog.sql),
        Migration(number: 3, name: "catalog", sql: CatalogSchema.sql),
        Migration(number: 4, name: "requests", sql: OrchestrationSchema.requests),
        Migration(number: 5, name: "instances", sql: OrchestrationSchema.instances),
        Migration(number: 6, name: "submissions", sql: OrchestrationSchema.submissions),
        Migration(number: 7, name: "windows", sql: OrchestrationSchema.windows),
        Migration(number: 8, name: "notifications", sql: OrchestrationSchema.notifications),
        Migration(number: 9, name: "catalog search", sql: CatalogSchema.search),
        Migration(number: 10, name: "completion tickets", sql: OrchestrationSchema.completionTickets),
        Migration(number: 11, name: "catalog search by version", sql: CatalogSchema.searchByVersion),
        Migration(number: 12, name: "parked jobs", sql: JobSchema.parked),
    ]
}
