/// The tables of requests, their fulfillment and the instances they leave behind (S0, S1 and S2's additions). Migrations are
/// never edited: what changes later is a further text.
package enum OrchestrationSchema {
    package static let requests: String = """
        CREATE TABLE service_instances (
          id TEXT PRIMARY KEY,
          instance_id TEXT NOT NULL UNIQUE,
          catalog_item_id TEXT REFERENCES catalog_items(id),
          catalog_bundle_id TEXT REFERENCES catalog_bundles(id),
          catalog_version TEXT NOT NULL,
          catalog_digest TEXT NOT NULL,
          category TEXT NOT NULL,
          instance_name TEXT NOT NULL,
          instance_state TEXT NOT NULL CHECK (instance_state IN
            ('provisioning','active','updating','degraded','failed','decommissioning','decommissioned')),
          owner_user_id TEXT NOT NULL,
          owner_login TEXT NOT NULL,
          owner_team TEXT NOT NULL,
          owner_email TEXT,
          deployment_parameters TEXT NOT NULL CHECK (json_valid(deployment_parameters)),
          deployed_resources TEXT CHECK (deployed_resources IS NULL OR json_valid(deployed_resources)),
          service_outputs TEXT CHECK (service_outputs IS NULL OR json_valid(service_outputs)),
          service_metadata TEXT CHECK (service_metadata IS NULL OR json_valid(service_metadata)),
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          provisioned_at TEXT,
          decommissioned_at TEXT,
          expires_at TEXT,
          creation_request_id TEXT,
          last_update_request_id TEXT,
          CHECK ((catalog_item_id IS NULL) <> (catalog_bundle_id IS NULL)),
          CHECK ((instance_state = 'decommissioned') = (decommissioned_at IS NOT NULL))
        ) STRICT;
        CREATE INDEX idx_service_instances_team_created ON service_instances(owner_team, created_at DESC, id DESC);
        CREATE INDEX idx_service_instances_state_created ON service_instances(instance_state, created_at DESC, id DESC);
        CREATE INDEX idx_service_instances_created ON service_instances(created_at DESC, id DESC);
        CREATE INDEX idx_service_instances_item ON service_instances(catalog_item_id, owner_team);
        CREATE INDEX idx_service_instances_bundle ON service_instances(catalog_bundle_id) WHERE catalog_bundle_id IS NOT NULL;
        CREATE UNIQUE INDEX idx_service_instances_name ON service_instances(owner_team, category, instance_name)
          WHERE instance_state NOT IN ('decommissioned','failed');
        CREATE INDEX idx_service_instances_creation ON service_instances(creation_request_id);

        CREATE TABLE service_requests (
          id TEXT PRIMARY KEY,
          request_id TEXT NOT NULL UNIQUE,
          request_type TEXT NOT NULL CHECK (request_type IN ('create','update','upgrade','decommission')),
          catalog_item_id TEXT REFERENCES catalog_items(id),
          catalog_bundle_id TEXT REFERENCES catalog_bundles(id),
          update_item_id TEXT REFERENCES update_items(id),
          upgrade_item_id TEXT REFERENCES upgrade_items(id),
          target_instance_id TEXT REFERENCES service_instances(id),
          parent_request_id TEXT REFERENCES service_requests(id),
          component_id TEXT,
          catalog_version TEXT NOT NULL,
          catalog_digest TEXT NOT NULL,
          status TEXT NOT NULL CHECK (status IN ('submitted','validating','pending_approval','queued','in_progress','completed',
            'failed','resuming','rejected','cancelled','aborted','escalated')),
          parameters TEXT NOT NULL CHECK (json_valid(parameters)),
          fulfillment_mode TEXT NOT NULL CHECK (fulfillment_mode IN ('automatic','manual')),
          requester_user_id TEXT NOT NULL,
          requester_login TEXT NOT NULL,
          requester_team TEXT NOT NULL,
          requester_email TEXT,
          user_teams TEXT NOT NULL,
          current_action TEXT,
          stopping INTEGER NOT NULL DEFAULT 0 CHECK (stopping IN (0,1)),
          stop_reason TEXT,
          error_context TEXT CHECK (error_context IS NULL OR json_valid(error_context)),
          correlation_id TEXT NOT NULL,
          concurrency_key TEXT,
          instance_id TEXT,
          instance_name TEXT,
          category TEXT NOT NULL,
          escalation_ticket_id TEXT,
          escalation_timestamp TEXT,
          start_after TEXT,
          deadline_at TEXT,
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          started_at TEXT,
          completed_at TEXT,
          aborted_at TEXT,
          CHECK (CASE request_type
            WHEN 'create' THEN (catalog_item_id IS NOT NULL OR catalog_bundle_id IS NOT NULL)
              AND update_item_id IS NULL AND upgrade_item_id IS NULL AND target_instance_id IS NULL
            WHEN 'update' THEN update_item_id IS NOT NULL AND target_instance_id IS NOT NULL
              AND catalog_item_id IS NULL AND catalog_bundle_id IS NULL AND upgrade_item_id IS NULL
            WHEN 'upgrade' THEN upgrade_item_id IS NOT NULL AND target_instance_id IS NOT NULL
              AND catalog_item_id IS NULL AND catalog_bundle_id IS NULL AND update_item_id IS NULL
            WHEN 'decommission' THEN target_instance_id IS NOT NULL
              AND catalog_item_id IS NULL AND catalog_bundle_id IS NULL AND update_item_id IS NULL AND upgrade_item_id IS NULL
            ELSE 0 END),
          CHECK (status <> 'escalated' OR escalation_ticket_id IS NOT NULL),
          CHECK ((completed_at IS NOT NULL) = (status IN ('completed','rejected','cancelled','aborted')))
        ) STRICT;
        CREATE INDEX idx_service_requests_status ON service_requests(status, id);
        CREATE INDEX idx_service_requests_requester ON service_requests(requester_login, id);
        CREATE INDEX idx_service_requests_team ON service_requests(requester_team, id);
        CREATE INDEX idx_service_requests_item ON service_requests(catalog_item_id, id) WHERE catalog_item_id IS NOT NULL;
        CREATE INDEX idx_service_requests_target ON service_requests(target_instance_id) WHERE target_instance_id IS NOT NULL;
        CREATE INDEX idx_service_requests_parent ON service_requests(parent_request_id) WHERE parent_request_id IS NOT NULL;
        CREATE INDEX idx_service_requests_name ON service_requests(requester_team, category, instance_name)
          WHERE instance_name IS NOT NULL AND request_type = 'create'
            AND status NOT IN ('completed','rejected','cancelled','aborted');
        CREATE INDEX idx_service_requests_concurrency ON service_requests(concurrency_key, created_at)
          WHERE concurrency_key IS NOT NULL AND status IN ('queued','in_progress','resuming','pending_approval');

        CREATE TABLE request_transitions (
          old TEXT NOT NULL, new TEXT NOT NULL, PRIMARY KEY (old, new)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO request_transitions(old, new) VALUES
          ('submitted','validating'), ('validating','pending_approval'), ('validating','queued'),
          ('pending_approval','queued'), ('pending_approval','rejected'), ('pending_approval','cancelled'),
          ('queued','in_progress'), ('queued','rejected'), ('queued','cancelled'), ('queued','failed'),
          ('in_progress','completed'), ('in_progress','failed'), ('in_progress','aborted'),
          ('failed','resuming'), ('failed','aborted'), ('failed','escalated'),
          ('resuming','in_progress'), ('resuming','failed'), ('resuming','aborted'),
          ('escalated','resuming'), ('escalated','aborted');
        CREATE TRIGGER service_requests_transition BEFORE UPDATE OF status ON service_requests
          WHEN OLD.status <> NEW.status
            AND NOT EXISTS (SELECT 1 FROM request_transitions WHERE old = OLD.status AND new = NEW.status)
          BEGIN SELECT RAISE(ABORT, 'illegal transition of a request'); END;

        CREATE TABLE request_steps (
          request_id TEXT NOT NULL REFERENCES service_requests(id) ON DELETE CASCADE,
          step_id TEXT NOT NULL,
          step_name TEXT NOT NULL,
          step_type TEXT NOT NULL,
          step_config TEXT CHECK (step_config IS NULL OR json_valid(step_config)),
          status TEXT NOT NULL CHECK (status IN ('pending','running','verifying','completed','failed','skipped','retrying')),
          position INTEGER NOT NULL CHECK (position >= 0),
          depends_on TEXT NOT NULL,
          generation INTEGER NOT NULL DEFAULT 0,
          retry_count INTEGER NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
          skip_verification INTEGER NOT NULL DEFAULT 0 CHECK (skip_verification IN (0,1)),
          external_reference TEXT,
          external_url TEXT,
          frozen TEXT,
          due_at TEXT,
          reason TEXT,
          completed_by TEXT,
          attempt_base INTEGER NOT NULL DEFAULT 0,
          is_fallback INTEGER NOT NULL DEFAULT 0 CHECK (is_fallback IN (0,1)),
          started_at TEXT,
          completed_at TEXT,
          outputs TEXT CHECK (outputs IS NULL OR json_valid(outputs)),
          PRIMARY KEY (request_id, step_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE step_attempts (
          request_id TEXT NOT NULL,
          step_id TEXT NOT NULL,
          attempt_number INTEGER NOT NULL,
          status TEXT NOT NULL CHECK (status IN ('running','completed','failed')),
          started_at TEXT NOT NULL,
          completed_at TEXT,
          error_type TEXT,
          error_message TEXT,
          error_details TEXT CHECK (error_details IS NULL OR json_valid(error_details)),
          logs_url TEXT,
          external_job_id TEXT,
          external_job_url TEXT,
          verification_result TEXT CHECK (verification_result IS NULL OR json_valid(verification_result)),
          next_attempt_at TEXT,
          PRIMARY KEY (request_id, step_id, attempt_number),
          FOREIGN KEY (request_id, step_id) REFERENCES request_steps ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE effects (
          request_id TEXT NOT NULL,
          step_id TEXT NOT NULL,
          key TEXT NOT NULL,
          generation INTEGER NOT NULL,
          part TEXT NOT NULL,
          kind TEXT NOT NULL,
          summary TEXT NOT NULL,
          resend TEXT NOT NULL CHECK (resend IN ('free','keyed','lookup','never')),
          rendered TEXT NOT NULL,
          digest TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('intent','sent','done','failed','unknown')),
          remote_ref TEXT,
          note TEXT,
          lease_epoch INTEGER NOT NULL,
          tries INTEGER NOT NULL DEFAULT 1,
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          PRIMARY KEY (request_id, step_id, key),
          FOREIGN KEY (request_id, step_id) REFERENCES request_steps ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE step_logs (
          id INTEGER PRIMARY KEY,
          request_id TEXT NOT NULL REFERENCES service_requests(id) ON DELETE CASCADE,
          action_id TEXT,
          attempt INTEGER,
          at TEXT NOT NULL,
          level TEXT NOT NULL CHECK (level IN ('debug','info','warning','error')),
          message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX idx_step_logs_request ON step_logs(request_id, id);

        CREATE TABLE manual_tickets (
          id TEXT PRIMARY KEY,
          request_id TEXT NOT NULL REFERENCES service_requests(id) ON DELETE CASCADE,
          step_id TEXT,
          generation INTEGER NOT NULL DEFAULT 0,
          ticket_system TEXT NOT NULL CHECK (ticket_system IN ('inbox','jira','servicenow')),
          system_instance TEXT,
          ticket_id TEXT NOT NULL,
          ticket_url TEXT,
          ticket_type TEXT NOT NULL CHECK (ticket_type IN ('fulfillment','cleanup','completion','escalation','question')),
          status TEXT NOT NULL CHECK (status IN ('open','in_progress','resolved','closed')),
          title TEXT NOT NULL,
          description TEXT NOT NULL,
          priority TEXT,
          team TEXT NOT NULL,
          assignee TEXT,
          declared_outputs TEXT NOT NULL CHECK (json_valid(declared_outputs)),
          outputs TEXT CHECK (outputs IS NULL OR json_valid(outputs)),
          resolution TEXT,
          resolved_by TEXT,
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          resolved_at TEXT,
          CHECK ((resolved_at IS NOT NULL) = (status IN ('resolved','closed'))),
          FOREIGN KEY (request_id, step_id) REFERENCES request_steps ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX idx_manual_tickets_request ON manual_tickets(request_id);
        CREATE INDEX idx_manual_tickets_ticket ON manual_tickets(ticket_id);
        CREATE INDEX idx_manual_tickets_status_created ON manual_tickets(status, created_at, id);
        CREATE INDEX idx_manual_tickets_created ON manual_tickets(created_at, id);
        CREATE UNIQUE INDEX idx_manual_tickets_step ON manual_tickets(request_id, step_id, generation, ticket_type)
          WHERE step_id IS NOT NULL;

        CREATE TABLE ticket_comments (
          id INTEGER PRIMARY KEY,
          ticket_id TEXT NOT NULL REFERENCES manual_tickets(id) ON DELETE CASCADE,
          author TEXT NOT NULL,
          at TEXT NOT NULL,
          text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX idx_ticket_comments_ticket ON ticket_comments(ticket_id, id);
        """

    /// What an abort is to leave to a person.
    package static let completionTickets: String = """
        ALTER TABLE service_requests ADD COLUMN stop_completion INTEGER NOT NULL DEFAULT 0 CHECK (stop_completion IN (0,1));
        """

    /// What an abort is to leave behind; drafts of forms; templates that people save.
    package static let submissions: String = """
        ALTER TABLE service_requests ADD COLUMN stop_cleanup INTEGER NOT NULL DEFAULT 0 CHECK (stop_cleanup IN (0,1));

        CREATE TABLE request_drafts (
          user_id TEXT NOT NULL,
          catalog_item_id TEXT NOT NULL,
          data TEXT NOT NULL CHECK (json_valid(data)),
          updated_at TEXT NOT NULL,
          PRIMARY KEY (user_id, catalog_item_id)
        ) STRICT;

        CREATE TABLE request_templates (
          id TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          catalog_item_id TEXT NOT NULL,
          data TEXT NOT NULL CHECK (json_valid(data)),
          team TEXT NOT NULL,
          owner_user_id TEXT NOT NULL,
          owner_login TEXT NOT NULL,
          created_at TEXT NOT NULL,
          UNIQUE (team, catalog_item_id, name)
        ) STRICT;
        CREATE INDEX idx_request_templates_team ON request_templates(team, created_at, id);

        """

    package static let windows: String = """
        CREATE TABLE freeze_windows (
          id TEXT PRIMARY KEY,
          reason TEXT NOT NULL,
          catalog_ids TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(catalog_ids)),
          categories TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(categories)),
          teams TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(teams)),
          starts_at TEXT NOT NULL,
          ends_at TEXT,
          created_by TEXT NOT NULL,
          created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX idx_freeze_windows_end ON freeze_windows(ends_at);

        CREATE TABLE request_holds (
          request_id TEXT PRIMARY KEY REFERENCES service_requests(id) ON DELETE CASCADE,
          kind TEXT NOT NULL CHECK (kind IN ('freeze','maintenance')),
          reason TEXT NOT NULL,
          until TEXT,
          since TEXT NOT NULL
        ) STRICT;

        CREATE TABLE request_overrides (
          request_id TEXT PRIMARY KEY REFERENCES service_requests(id) ON DELETE CASCADE,
          reason TEXT NOT NULL,
          overridden_by TEXT NOT NULL,
          overridden_at TEXT NOT NULL
        ) STRICT;
        """

    package static let notifications: String = """
        CREATE TABLE notifications (
          id TEXT PRIMARY KEY,
          event_sequence INTEGER NOT NULL,
          channel TEXT NOT NULL CHECK (channel IN ('inbox','mail','webhook')),
          recipient TEXT NOT NULL,
          subject TEXT NOT NULL,
          text TEXT NOT NULL,
          link TEXT,
          status TEXT NOT NULL CHECK (status IN ('pending','sent','failed')),
          attempts INTEGER NOT NULL DEFAULT 0,
          last_error TEXT,
          created_at TEXT NOT NULL,
          sent_at TEXT,
          read_at TEXT,
          UNIQUE (event_sequence, channel, recipient)
        ) STRICT;
        CREATE INDEX idx_notifications_inbox ON notifications(recipient, created_at, id) WHERE channel = 'inbox';
        CREATE INDEX idx_notifications_age ON notifications(created_at);

        CREATE TABLE ticket_links (
          link_type TEXT NOT NULL,
          from_ticket TEXT NOT NULL,
          to_ticket TEXT NOT NULL,
          linked_at TEXT NOT NULL,
          PRIMARY KEY (from_ticket, to_ticket, link_type)
        ) STRICT;

        CREATE TABLE notification_cursor (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          sequence INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE subscriptions (
          id TEXT PRIMARY KEY,
          url TEXT NOT NULL,
          events TEXT NOT NULL CHECK (json_valid(events)),
          team TEXT,
          created_by TEXT NOT NULL,
          created_at TEXT NOT NULL,
          secret TEXT NOT NULL CHECK (json_valid(secret))
        ) STRICT;
        """

    package static let instances: String = """
        CREATE TABLE bundle_instance_members (
          id TEXT PRIMARY KEY,
          bundle_instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          member_instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          catalog_item_name TEXT NOT NULL,
          is_required INTEGER NOT NULL DEFAULT 1 CHECK (is_required IN (0,1)),
          member_role TEXT,
          created_at TEXT NOT NULL,
          UNIQUE (bundle_instance_id, member_instance_id)
        ) STRICT;
        CREATE INDEX idx_bundle_members_member ON bundle_instance_members(member_instance_id);

        CREATE TABLE service_instance_dependencies (
          id TEXT PRIMARY KEY,
          dependent_instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          provider_instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          dependency_type TEXT NOT NULL CHECK (dependency_type IN ('data','network','authentication','configuration')),
          dependency_name TEXT,
          dependency_config TEXT CHECK (dependency_config IS NULL OR json_valid(dependency_config)),
          is_required INTEGER NOT NULL DEFAULT 1 CHECK (is_required IN (0,1)),
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          CHECK (dependent_instance_id <> provider_instance_id),
          UNIQUE (dependent_instance_id, provider_instance_id, dependency_type)
        ) STRICT;
        CREATE INDEX idx_dependencies_provider_required ON service_instance_dependencies(provider_instance_id, is_required);

        CREATE TABLE instance_version_history (
          id TEXT PRIMARY KEY,
          instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          from_version TEXT,
          to_version TEXT NOT NULL,
          upgrade_type TEXT NOT NULL CHECK (upgrade_type IN ('major','minor','patch','configuration')),
          upgrade_request_id TEXT REFERENCES service_requests(id),
          upgrade_item_name TEXT,
          upgraded_at TEXT NOT NULL,
          upgrade_duration_seconds INTEGER,
          upgrade_status TEXT NOT NULL CHECK (upgrade_status IN ('success','failed','rolled_back')),
          rollback_available INTEGER NOT NULL DEFAULT 0 CHECK (rollback_available IN (0,1)),
          upgrade_notes TEXT
        ) STRICT;
        CREATE INDEX idx_version_history_instance ON instance_version_history(instance_id, upgraded_at DESC);
        CREATE INDEX idx_version_history_request ON instance_version_history(upgrade_request_id) WHERE upgrade_request_id IS NOT NULL;

        CREATE TABLE eligible_operations (
          id TEXT PRIMARY KEY,
          instance_id TEXT NOT NULL REFERENCES service_instances(id) ON DELETE CASCADE,
          operation_type TEXT NOT NULL CHECK (operation_type IN ('upgrade','update')),
          operation_name TEXT NOT NULL,
          operation_version TEXT NOT NULL,
          eligibility_status TEXT NOT NULL CHECK (eligibility_status IN ('eligible','ineligible','completed','superseded')),
          eligibility_reason TEXT,
          evaluated_at TEXT NOT NULL,
          expires_at TEXT,
          UNIQUE (instance_id, operation_name, operation_version)
        ) STRICT;
        CREATE INDEX idx_eligible_ops_instance ON eligible_operations(instance_id, eligibility_status);
        CREATE INDEX idx_eligible_ops_operation ON eligible_operations(operation_name);
        """
}
