//! Values by number, in pieces that never move: a list that doubles would leave its old half with
//! the allocator, which at a million sessions is what the sessions themselves take.

/// Values in one piece.
const PIECE: usize = 256;

/// Values by number. Numbers of removed values are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    pieces: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value's number.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(at) = self.free.pop() {
            if let Some(place) = self.place(at) {
                *place = Some(value);
            }
            return at;
        }
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let full = (self.pieces.len() - 1) * PIECE;
        let Some(piece) = self.pieces.last_mut() else { return u32::MAX };
        piece.push(Some(value));
        u32::try_from(full + piece.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, at: u32) -> Option<&T> {
        let at = at as usize;
        self.pieces.get(at / PIECE)?.get(at % PIECE)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.place(at)?.as_mut()
    }

    pub(crate) fn remove(&mut self, at: u32) -> Option<T> {
        let value = self.place(at)?.take()?;
        self.len -= 1;
        self.free.push(at);
        Some(value)
    }

    fn place(&mut self, at: u32) -> Option<&mut Option<T>> {
        let at = at as usize;
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_removed_values_are_used_again() {
        let mut slab = Slab::default();
        let numbers: Vec<u32> = (0..600).map(|value| slab.insert(value)).collect();
        assert_eq!(numbers, (0..600).collect::<Vec<_>>());
        assert_eq!((slab.remove(300), slab.remove(300), slab.len()), (Some(300), None, 599));
        assert_eq!((slab.insert(7), slab.get(300), slab.get(600)), (300, Some(&7), None));
    }
}
