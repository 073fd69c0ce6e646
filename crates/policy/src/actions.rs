//! The actions of a device at the message broker, and the ARNs of what they are about
//! ("AWS IoT Core policy actions" and "Action resources" in the developer guide).

/// What a device asks the broker for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IotAction {
    /// To connect; the resource is [`ResourceArns::client`].
    Connect,
    /// To send a message; the resource is [`ResourceArns::topic`].
    Publish,
    /// To be sent a message; the resource is [`ResourceArns::topic`].
    Receive,
    /// To send a message with the retain flag, on top of `Publish`; the resource is
    /// [`ResourceArns::topic`].
    RetainPublish,
    /// To subscribe; the resource is [`ResourceArns::topic_filter`].
    Subscribe,
}

impl IotAction {
    /// Every action.
    pub const ALL: [Self; 5] =
        [Self::Connect, Self::Publish, Self::Receive, Self::RetainPublish, Self::Subscribe];

    /// The name that policies know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "iot:Connect",
            Self::Publish => "iot:Publish",
            Self::Receive => "iot:Receive",
            Self::RetainPublish => "iot:RetainPublish",
            Self::Subscribe => "iot:Subscribe",
        }
    }
}

/// Builds the ARNs of one account in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceArns {
    /// `arn:aws:iot:REGION:ACCOUNT:`.
    prefix: Box<str>,
}

impl ResourceArns {
    /// For this region and account.
    pub fn new(region: &str, account: &str) -> Self {
        Self { prefix: format!("arn:aws:iot:{region}:{account}:").into() }
    }

    /// The resource of [`IotAction::Connect`].
    pub fn client(&self, client_id: &str) -> String {
        self.arn("client/", client_id)
    }

    /// The resource of [`IotAction::Publish`], [`IotAction::Receive`] and
    /// [`IotAction::RetainPublish`].
    pub fn topic(&self, topic: &str) -> String {
        self.arn("topic/", topic)
    }

    /// The resource of [`IotAction::Subscribe`]. The wildcards of a filter are plain characters
    /// to a policy.
    pub fn topic_filter(&self, filter: &str) -> String {
        self.arn("topicfilter/", filter)
    }

    /// The resource of `action` about `name`: a client id, topic or filter. It replaces what
    /// `out` holds, so that one buffer serves all messages of a connection.
    pub fn write(&self, out: &mut String, action: IotAction, name: &str) {
        out.clear();
        out.push_str(&self.prefix);
        out.push_str(match action {
            IotAction::Connect => "client/",
            IotAction::Publish | IotAction::Receive | IotAction::RetainPublish => "topic/",
            IotAction::Subscribe => "topicfilter/",
        });
        out.push_str(name);
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        [&*self.prefix, kind, name].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_the_resource_aws_gives_it() {
        let arns = ResourceArns::new("eu-west-1", "123456789012");
        let base = "arn:aws:iot:eu-west-1:123456789012:";
        assert_eq!(arns.client("c"), format!("{base}client/c"));
        assert_eq!(arns.topic("a/b"), format!("{base}topic/a/b"));
        assert_eq!(arns.topic_filter("a/+"), format!("{base}topicfilter/a/+"));
        let mut out = "old".to_owned();
        for (action, expected) in [
            (IotAction::Connect, arns.client("x")),
            (IotAction::Publish, arns.topic("x")),
            (IotAction::Receive, arns.topic("x")),
            (IotAction::RetainPublish, arns.topic("x")),
            (IotAction::Subscribe, arns.topic_filter("x")),
        ] {
            arns.write(&mut out, action, "x");
            assert_eq!(out, expected);
        }
    }
}
