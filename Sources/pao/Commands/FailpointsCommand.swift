import Base

/// Where tests make the commands themselves die.
enum CommandFailpoint: String, Failpoint {
    /// `pao restore` has put the database of before aside, and the new one is not there.
    case putAside = "restore.put-aside"
    case restored = "restore.restored"
}

#if DEBUG
    import Catalog
    import Identity
    import Jobs
    import Orchestration
    import Store

    /// `pao failpoints`: what `PAO_FAILPOINT` can name. Of debug builds only.
    enum FailpointsCommand: Command {
        static let name = "failpoints"
        static let summary = "List the places that PAO_FAILPOINT can name"
        static let usage = "Usage: pao failpoints"

        static var names: [String] {
            StoreFailpoint.names + JobFailpoint.names + IdentityFailpoint.names + CatalogFailpoint.names + OrchestrationFailpoint.names
                + CommandFailpoint.names
        }

        static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
            try arguments.requireNoOperands()
            Terminal.write(names.map { $0 + "\n" }.joined())
            return 0
        }
    }
#endif
