//! What one connection may do.

use std::net::IpAddr;
use std::sync::Arc;

use fleetward_domain::ThingName;
use fleetward_policy::actions::{IotAction, ResourceArns};
use fleetward_policy::{Context, PolicyDocument, Request, evaluate, keys};
use fleetward_store::StoreError;

use crate::directory::{Directory, Identity, Principal};

/// The rights of one connection, looked up again when the registry changed.
#[derive(Clone)]
pub(crate) struct Access {
    directory: Arc<Directory>,
    arns: Arc<ResourceArns>,
    principal: Principal,
    identity: Arc<Identity>,
    /// Of the policies when they were asked last.
    policies_version: u64,
    client_id: Box<str>,
    thing: ThingName,
    source: IpAddr,
    context: Context,
    arn: String,
}

/// What a connection's rights depend on.
pub(crate) struct Subject<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) identity: &'a Arc<Identity>,
    pub(crate) client_id: &'a str,
    pub(crate) thing: &'a ThingName,
    pub(crate) source: IpAddr,
}

impl Access {
    pub(crate) fn new(
        directory: &Arc<Directory>,
        arns: &Arc<ResourceArns>,
        subject: &Subject<'_>,
    ) -> Self {
        let mut access = Self {
            directory: Arc::clone(directory),
            arns: Arc::clone(arns),
            principal: subject.principal.clone(),
            identity: Arc::clone(subject.identity),
            policies_version: subject.identity.policies_version(),
            client_id: subject.client_id.into(),
            thing: subject.thing.clone(),
            source: subject.source,
            context: Context::new(),
            arn: String::new(),
        };
        access.rebuild_context();
        access
    }

    /// Who it is, as it was looked up last.
    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// What the connection has proved to be: its certificate. Without one, who is on this machine
    /// is taken for what it says.
    pub(crate) fn proof(&self) -> String {
        match &self.principal {
            Principal::Certificate(id) => format!("certificate {id}"),
            Principal::Plain => format!("client {}", self.client_id),
        }
    }

    /// From where it is.
    pub(crate) fn source(&self) -> IpAddr {
        self.source
    }

    /// What is known of the connection, for requests about more than it.
    pub(crate) fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// Whether it may do this with a client id, topic or filter.
    pub(crate) fn allows(&mut self, action: IotAction, name: &str) -> bool {
        let Some(slots) = &self.identity.policies else { return true };
        let documents: Option<Vec<_>> = slots.iter().map(|slot| slot.document()).collect();
        let Some(documents) = documents else { return false };
        self.arns.write(&mut self.arn, action, name);
        let request =
            Request { action: action.name(), resource: &self.arn, context: &self.context };
        let policies: Vec<&PolicyDocument> = documents.iter().map(|policy| &**policy).collect();
        evaluate(&policies, &request).is_allowed()
    }

    /// Looks the principal up again if the registry changed; whether something is now allowed or
    /// refused that was not.
    pub(crate) async fn renew(&mut self) -> Result<bool, StoreError> {
        let is_stale = self.identity.is_stale();
        if is_stale {
            self.identity = self.directory.resolve(&self.principal).await?;
            self.rebuild_context();
        }
        let version = self.identity.policies_version();
        let was = std::mem::replace(&mut self.policies_version, version);
        Ok(is_stale || was != version)
    }

    /// AWS gives a connection the variables of a thing only if the thing is attached to its
    /// certificate ("Thing policy variables" in the AWS IoT Core developer guide).
    fn rebuild_context(&mut self) {
        self.context = Context::new();
        let is_tls = matches!(self.principal, Principal::Certificate(_));
        self.context
            .set_client_id(&self.client_id)
            .set_source_ip(self.source)
            .set(keys::SECURE_TRANSPORT, if is_tls { "true" } else { "false" });
        let is_attached = self.identity.things.contains(&self.thing);
        if is_attached {
            self.context.set(keys::THING_NAME, self.thing.as_str());
        }
        self.context.set_is_attached(is_attached);
    }
}
