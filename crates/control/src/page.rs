//! One page of a listing: where it begins, how long it is, and the token for the next.

use fleetward_store::{Document, Kind, Store};
use fleetward_wire::operation::Input;
use fleetward_wire::{ApiError, paging};

use crate::error::ControlError;
use crate::limits::{PAGE_ITEMS, SCAN_BATCH, SCANNED_DOCUMENTS};

/// The page that a listing asks for.
pub(crate) struct Page<'a> {
    key: &'a [u8; 32],
    operation: fleetward_wire::Operation,
    filters: Vec<u8>,
    /// How many items it holds at most.
    pub(crate) items: usize,
    /// The position that it begins after.
    pub(crate) after: Option<String>,
}

impl<'a> Page<'a> {
    /// Reads the page from the input. Everything else in the input is a filter: a token is good
    /// for the same filters only.
    ///
    /// # Errors
    /// `InvalidRequestException` where the token is not one of ours for this listing.
    pub(crate) fn open<I: Input>(key: &'a [u8; 32], input: &I) -> Result<Self, ApiError> {
        let mut input = serde_json::to_value(input).map_err(|_| ApiError::internal())?;
        let object = input.as_object_mut().ok_or_else(ApiError::internal)?;
        let token = object.remove("nextToken");
        let items = object.remove("maxResults").and_then(|items| items.as_u64());
        let items = items.and_then(|items| usize::try_from(items).ok()).unwrap_or(PAGE_ITEMS);
        let operation = I::OPERATION;
        let filters = input.to_string().into_bytes();
        let token = token.as_ref().and_then(serde_json::Value::as_str);
        let after = token.map(|token| paging::open(key, operation, &filters, token)).transpose()?;
        Ok(Self { key, operation, filters, items: items.clamp(1, PAGE_ITEMS), after })
    }

    /// The token of the page after this position.
    pub(crate) fn token_after(&self, position: &str) -> String {
        paging::seal(self.key, self.operation, &self.filters, position)
    }

    /// Cuts a list that was read one item longer than the page down to the page. Gives the token
    /// of the next page if there is one; `position` names an item's place.
    pub(crate) fn cut<T>(
        &self,
        list: &mut Vec<T>,
        position: impl Fn(&T) -> String,
    ) -> Option<String> {
        if list.len() <= self.items {
            return None;
        }
        list.truncate(self.items);
        list.last().map(|last| self.token_after(&position(last)))
    }

    /// The documents of this page whose keys start with `prefix`, and the token of the next.
    pub(crate) async fn documents(
        &self,
        store: &dyn Store,
        kind: Kind,
        prefix: &str,
    ) -> Result<(Vec<Document>, Option<String>), ApiError> {
        let limit = self.items.saturating_add(1);
        let listed = store.list(kind, prefix, self.after.as_deref(), limit).await;
        let mut documents = listed.map_err(ControlError::from)?;
        let next = self.cut(&mut documents, |document| document.key.clone());
        Ok((documents, next))
    }

    /// What `pick` makes of the documents of this page: one for which it gives none is passed
    /// over. A bounded number of documents is looked at; where few are picked, the page is
    /// shorter than asked for, or empty, and still has a token.
    pub(crate) async fn picked<T>(
        &self,
        store: &dyn Store,
        (kind, prefix): (Kind, &str),
        pick: impl Fn(&Document) -> Result<Option<T>, ControlError>,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let mut picked = Vec::new();
        let mut after = self.after.clone();
        let mut scanned = 0;
        while scanned < SCANNED_DOCUMENTS {
            let listed = store.list(kind, prefix, after.as_deref(), SCAN_BATCH).await;
            let documents = listed.map_err(ControlError::from)?;
            for document in &documents {
                if let Some(item) = pick(document)? {
                    if picked.len() == self.items {
                        return Ok((picked, after.map(|after| self.token_after(&after))));
                    }
                    picked.push(item);
                }
                after = Some(document.key.clone());
            }
            if documents.len() < SCAN_BATCH {
                return Ok((picked, None));
            }
            scanned = scanned.saturating_add(documents.len());
        }
        Ok((picked, after.map(|after| self.token_after(&after))))
    }
}
