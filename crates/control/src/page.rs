//! One page of a listing: where it begins, how long it is, and the token for the next.

use fleetward_store::{Kind, Noun, readable};
use fleetward_wire::paging::{self, Listing};
use fleetward_wire::{ApiError, Operation};

use crate::control::Control;
use crate::limits::{PAGE_ITEMS, SCAN_BATCH, SCANNED_DOCUMENTS};
use crate::refusal::Refusal;

#[cfg(test)]
mod tests;

/// The page that a listing asks for.
pub(crate) struct Page<'a> {
    control: &'a Control,
    operation: Operation,
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
    pub(crate) fn open<I: Listing>(control: &'a Control, input: &I) -> Result<Self, Refusal> {
        let filters = serde_json::to_vec(&input.without_page());
        let filters = filters.map_err(|_| ApiError::internal())?;
        let (key, operation) = (&control.settings.paging_key, I::OPERATION);
        let open = |token| paging::open(key, operation, &filters, token);
        let after = input.token().map(open).transpose()?;
        let items = input.limit().and_then(|items| usize::try_from(items).ok());
        let items = items.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS);
        Ok(Self { control, operation, filters, items, after })
    }

    /// The token of the page after this position.
    pub(crate) fn token_after(&self, position: &str) -> String {
        paging::seal(&self.control.settings.paging_key, self.operation, &self.filters, position)
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

    /// The keys of this page's documents that start with `prefix`, and the token of the next.
    pub(crate) async fn keys(
        &self,
        kind: Kind,
        prefix: &str,
    ) -> Result<(Vec<String>, Option<String>), Refusal> {
        let limit = self.items.saturating_add(1);
        let store = self.control.store();
        let documents = store.list(kind, prefix, self.after.as_deref(), limit).await?;
        let mut keys: Vec<String> = documents.into_iter().map(|document| document.key).collect();
        let next = self.cut(&mut keys, Clone::clone);
        Ok((keys, next))
    }

    /// What `pick` makes of the documents of this page: one for which it gives none is passed
    /// over, as is one that cannot be read. A bounded number of documents is looked at; where few
    /// are picked, the page is shorter than asked for, or empty, and still has a token.
    pub(crate) async fn picked<T: Noun, U>(
        &self,
        pick: impl Fn(T) -> Option<U>,
    ) -> Result<(Vec<U>, Option<String>), Refusal> {
        let mut picked = Vec::new();
        let mut after = self.after.clone();
        let mut scanned = 0;
        while scanned < SCANNED_DOCUMENTS {
            let store = self.control.store();
            let documents = store.list(T::KIND, "", after.as_deref(), SCAN_BATCH).await?;
            for document in &documents {
                let read = readable(store, document).and_then(|read| pick(read.value));
                if let Some(item) = read {
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
