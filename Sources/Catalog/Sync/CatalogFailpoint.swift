import Base

/// Where tests make a synchronization die or fail.
package enum CatalogFailpoint: String, Failpoint {
    /// The new versions are durable, nobody sees them.
    case versionsStored = "catalog.versions-stored"
    /// In the transaction that makes them the catalog.
    case recording = "catalog.recording"
    /// After it, while readers still have the former catalog.
    case switching = "catalog.switching"
    case switched = "catalog.switched"
}
