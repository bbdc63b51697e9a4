/// Documents to begin with: complete, valid, and commented where an author has to decide something. Together they are a small catalog.
package enum Starter: String, Sendable, CaseIterable {
    case item, bundle, update, upgrade, flat

    package var fileName: String {
        switch self {
        case .item: "my-service.yaml"
        case .bundle: "my-bundle.yaml"
        case .update: "my-service-resize.yaml"
        case .upgrade: "my-service-upgrade.yaml"
        case .flat: "my-flat-service.yaml"
        }
    }

    package var text: String {
        switch self {
        case .item: Self.itemText
        case .bundle: Self.bundleText
        case .update: Self.updateText
        case .upgrade: Self.upgradeText
        case .flat: Self.flatText
        }
    }

    private static let itemText = """
        # yaml-language-server: $schema=https://pao.example.com/schemas/catalog-item.json
        # A service that people can order. Check it: pao catalog validate my-service.yaml
        kind: CatalogItem
        metadata:
          id: my-service                    # unique in the catalog; never changes
          name: My service                  # what people see
          description: A sentence or two that say what one gets and what it is good for.
          version: 1.0.0                    # raise it with every change; pao catalog diff says how far
          owner: {team: my-team, contact: my-team@example.com}     # the team's slug; without it CODEOWNERS decides
          tags: [example]
          # category: databases             # without it the folder below catalog/

        # What is asked for. The same rules are checked in the browser and by the server.
        presentation:
          form:
            groups:
              - id: basic
                name: Basics
                fields:
                  - id: instanceName        # {{fields.instanceName}} in templates
                    name: Name
                    type: string            # also textarea password email url number integer percentage boolean select multiselect
                    required: true          #      date time datetime file list object
                    placeholder: my-thing
                    validation: {pattern: "^[a-z][a-z0-9-]{1,28}[a-z0-9]$", message: 3 to 30 lower-case characters}
                  - id: size
                    name: Size
                    type: select
                    default: small
                    validation: {enum: [small, large]}
                  - id: reason
                    name: Why large?
                    type: textarea
                    required: true          # only where it is shown
                    conditional: {dependsOn: size, condition: equals, value: large}

        fulfillment:
          strategy: {mode: automatic}       # or manual: then the actions under manual are the way
          # approvals:
          #   - {name: Lead, role: approver, team: my-team, when: "{{fields.size == 'large'}}"}
          manual:                           # the way a person does it; every item has one
            actions:
              - id: task
                type: manual-task           # or jira-ticket, servicenow-ticket, email
                config:
                  title: "Make {{fields.instanceName}} ({{fields.size}})"
                  instructions: "Asked for by {{request.user.email}}. Enter the id of what was made."
                outputs: [id]
          automatic:
            mode: sequential                # or parallel: whatever dependsOn allows runs at once
            timeout: 30m
            retry: {attempts: 3, backoff: exponential, initialDelay: 2s, maxDelay: 1m}
            fallbackOnFailure: false        # true: a failed step becomes a task for a person
            actions:
              - id: provision
                name: Make it
                type: rest-api              # also terraform, github-workflow, gitlab-pipeline, webhook
                config:
                  endpoint: {url: "https://provisioning.example.com/provision", method: POST}
                  authentication: {type: bearer, token: "{{secrets.provisioning_token}}"}
                  idempotency: header       # the other side honors Idempotency-Key: a call in doubt can be repeated
                  body:
                    type: json
                    content: {name: "{{fields.instanceName}}", size: "{{fields.size}}", team: "{{request.team}}"}
                verification:
                  - {type: http-status, expected: [200, 201]}
                outputs: {id: "$.id", endpoint: "$.endpoint"}
                cleanup: "Delete {{outputs.provision.id}} in the console."

        # What a completed request leaves behind.
        instance:
          name: "{{fields.instanceName}}"
          outputs: {endpoint: "{{outputs.provision.endpoint}}"}
          resources:
            - {type: my-service, id: "{{outputs.provision.id}}"}

        """

    private static let bundleText = """
        # yaml-language-server: $schema=https://pao.example.com/schemas/catalog-bundle.json
        # Several services with one form. Each component becomes a request of its own below the bundle's.
        kind: CatalogBundle
        metadata:
          id: my-bundle
          name: My bundle
          description: Everything that a new application needs, ordered with one form and tracked as one request.
          version: 1.0.0
          owner: {team: my-team, contact: my-team@example.com}
          tags: [example]

        presentation:
          form:
            groups:
              - id: basic
                name: Basics
                fields:
                  - {id: appName, name: Application, type: string, required: true, validation: {pattern: "^[a-z][a-z0-9-]{1,20}[a-z0-9]$"}}
                  - {id: withSpare, name: A spare one, type: boolean, default: false}

        components:
          - id: main
            catalogItem: my-service         # the id of an item of the catalog
            version: ">=1.0.0 <2"           # the versions of it that this bundle was tried with
            required: true
            config:                         # the item's fields, by id
              instanceName: "{{fields.appName}}"
              size: small
            outputs: [endpoint]             # what others of the bundle may read
          - id: spare
            catalogItem: my-service
            version: ">=1.0.0 <2"
            required: false
            enabledByDefault: false
            dependsOn: [main]               # may read {{components.main.outputs.endpoint}}
            config:
              instanceName: "{{fields.appName}}-spare"
              size: small

        fulfillment:
          orchestration: {mode: sequential} # or parallel: whatever dependsOn allows runs at once

        """

    private static let updateText = """
        # yaml-language-server: $schema=https://pao.example.com/schemas/update-item.json
        # A change of running instances, in place and without loss. Shown on the instances that it applies to.
        kind: UpdateItem
        metadata:
          id: my-service-resize
          name: Resize my service
          description: Gives a running instance another size. Nothing is restarted and nothing is lost.
          version: 1.0.0
          owner: {team: my-team, contact: my-team@example.com}
          tags: [example]

        targets:
          catalogItems:                     # which instances: by the item and its version
            - {id: my-service, versionRange: ">=1.0.0 <2", requiredParameters: [instanceName]}
          destructive: false
          downtimeRequired: false
          estimatedDuration: 5m

        presentation:
          form:
            groups:
              - id: size
                name: Size
                fields:
                  - {id: newSize, name: New size, type: select, required: true, validation: {enum: [small, large]}}

        fulfillment:
          strategy: {mode: manual}          # begin with people, automate later: the form stays the same
          manual:
            actions:
              - id: task
                type: manual-task
                config:
                  title: "Resize {{instance.name}} to {{fields.newSize}}"
                  instructions: "Asked for by {{request.user.email}}. Its size was {{instance.parameters.size}}."

        """

    private static let upgradeText = """
        # yaml-language-server: $schema=https://pao.example.com/schemas/upgrade-item.json
        # A change that instances do not survive unharmed: confirmed by a person, with a way back.
        kind: UpgradeItem
        metadata:
          id: my-service-upgrade
          name: Upgrade my service
          description: Moves an instance to the next major version. It is unavailable for some minutes.
          version: 1.0.0
          owner: {team: my-team, contact: my-team@example.com}
          tags: [example]

        targets:
          catalogItems:
            - {id: my-service, versionRange: ">=1.0.0 <2", requiredParameters: [instanceName]}
          destructive: true
          downtimeRequired: true
          estimatedDuration: 30m
          toVersion: 2.0.0                  # what the instance is at afterwards
          prerequisites:                    # asked of the person who confirms
            - There is a backup of today
            - The maintenance window has been agreed

        presentation:
          form:
            groups:
              - id: upgrade
                name: Upgrade
                fields:
                  - {id: ticket, name: Change ticket, type: string, required: true, placeholder: CHG-123}

        fulfillment:
          strategy: {mode: manual}
          manual:
            actions:
              - id: task
                type: manual-task
                config:
                  title: "Upgrade {{instance.name}} ({{fields.ticket}})"
                  instructions: "Asked for by {{request.user.email}}."

        rollback:                           # how to go back
          actions:
            - id: restore
              type: manual-task
              config: {title: "Restore {{instance.name}} from its backup"}

        """

    private static let flatText = """
        # The flat dialect: the same model with fewer words. `pao schema` and the reference describe both.
        name: "my-flat-service"
        version: "1.0.0"
        description: "A sentence or two that say what one gets and what it is good for"
        owner: "my-team"
        tags: ["example"]

        presentation:
          fields:
            - {name: "service_name", type: "string", required: true, min_length: 3, max_length: 30, regexp: "^[a-z][a-z0-9-]*$", help_text: "Lower case"}
            - {name: "environment", type: "selection", oneof: ["dev", "prod"], required: true}
            - {name: "replicas", type: "integer", min_value: 1, max_value: 5, default: 1}

        fulfillment:
          manual:                           # the way a person does it
            system: "jira"
            template:
              project: "PLATFORM"
              issue_type: "Task"
              summary: "{{ service_name }} for {{ requester.team }}"
              description: |
                {% for p in parameters %}
                - {{ p.name }}: {{ p.value }}
                {% endfor %}
          automation:                       # leave it out as long as there is none
            retry_policy: {max_attempts: 3, backoff_strategy: "exponential", initial_delay: "2s", max_delay: "60s"}
            fallback_on_failure: true
            steps:
              - name: "provision"
                type: "HttpPost"            # also HttpGet, HttpPut, TerraformFile, GitHubWorkflow, JiraTicket
                template:
                  url: "https://provisioning.example.com/provision"
                  headers: {Authorization: "Bearer {{ secrets.provisioning_token }}"}
                  body: {name: "{{ service_name }}", environment: "{{ environment }}", replicas: "{{ replicas }}"}
                verification: {type: "http_status", expected_status: 201}

        """
}
